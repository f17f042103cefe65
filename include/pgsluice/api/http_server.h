#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/config/config.h"
#include "pgsluice/observe/metrics.h"

namespace pgsluice::api {

/// Why a request is refused before it is handled.
struct Refusal {
  int status;
  std::string code, detail;
};

/// A request that was read completely and is within the limits, unless `refusal` is set.
struct HttpRequest {
  std::string method;
  std::string path;                            ///< Percent-encoded, without query.
  std::string query;                           ///< The part after '?', percent-encoded.
  std::string authority;                       ///< Host and port of an absolute target, else empty.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
  std::string peer;  ///< Address of the caller.
  std::string id;    ///< From X-Request-Id if it is well-formed, otherwise generated.
  std::optional<Refusal> refusal;
  int socket = -1;          ///< The caller's, to check whether it is still connected.
  bool http11 = true;       ///< false: HTTP/1.0.
  bool keep_alive = false;  ///< The caller wants to keep this connection open.

  /// Returns the value of a header, by its name in lower case; empty if absent.
  std::string Header(const std::string& name) const;
};

/// Takes a piece of a response; throws if the caller has disconnected.
using Sink = std::function<void(std::string_view)>;

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string caller = {};        ///< For logs; empty: not known.
  std::string route = "unknown";  ///< For metrics: the pattern, never the URL.
  /// If set, writes the body in pieces. An exception cuts the connection, so that the caller
  /// notices that the response is incomplete.
  std::function<void(const Sink&)> stream;
};

/// Called from many threads at once, also for refused requests (which are answered with their
/// refusal). An exception becomes a 500.
using Handler = std::function<HttpResponse(const HttpRequest&)>;

/// The host names that a request may use. Any web page can make a name of its own resolve to this
/// machine (DNS rebinding), and could then read responses as if they were its own. Such a request
/// is recognised by that name.
struct HostRule {
  bool any = true;                 ///< false: this machine's names, and those in `names`.
  std::vector<std::string> names;  ///< In lower case.
};

/// Returns the rule of a listener. On loopback it allows only localhost, its addresses and the
/// given names. On other addresses it does the same if names are given, otherwise it allows any
/// name. "*" allows any name.
HostRule MakeHostRule(const config::Address& listen, const std::vector<std::string>& allowed);

struct HttpLimits {
  int threads = 64;                           ///< Connections served at once.
  int queued = 256;                           ///< Connections that wait for a thread.
  std::size_t url = 8U * 1024U;               ///< 414 beyond.
  std::size_t headers = 16U * 1024U;          ///< 431 beyond.
  std::size_t body = 256U * 1024U;            ///< 413 beyond.
  std::chrono::milliseconds deadline{10000};  ///< For a TLS handshake, and for reading one request.
  std::chrono::milliseconds idle{5000};       ///< Between requests of one connection.
  std::optional<HostRule> hosts{};            ///< Not set: Host is not checked.
  /// The lowest rate in bytes per second at which a caller has to read. It may pause for
  /// `deadline`.
  std::size_t send_rate = 32U * 1024U;
  std::size_t unsent = 128U << 20U;     ///< Bytes of all responses that wait for slow readers.
  std::size_t unfinished = 64U << 20U;  ///< Bytes of all requests that are not complete yet.
  std::size_t per_address = 0;          ///< Connections; 0: three quarters of all connections.
  /// Called for each connection that is cut or refused, with the reason: files, too_many, address,
  /// queue, slow, memory. Called from any thread and under a lock, so it must return at once.
  std::function<void(const std::string&)> cut{};
};

/// Counts what `HttpLimits::cut` reports, as pgsluice_http_connections_cut_total.
std::function<void(const std::string&)> CountCut(observe::Registry& registry,
                                                 const std::string& listener);

/// Poco's HTTP server behind a guard, which passes a connection on only when a complete request has
/// arrived and was checked. Poco's own parser (measured on 1.11 and 1.13) has these gaps, none of
/// which can be configured away: lines of 4092 bytes that end the head, unread bodies that are read
/// as the next request, POST without a length, a length and chunks together, malformed chunks,
/// header values decoded by RFC 2047, requests that arrive byte by byte, idle connections that
/// occupy all threads. Closes a connection after every refused and every chunked request.
class HttpServer {
 public:
  HttpServer(const config::Address& address, const std::optional<config::Tls>& tls,
             const HttpLimits& limits, Handler handler);
  ~HttpServer();
  /// Throws Error(kFatal) if the address cannot be bound.
  void Start();
  /// Stops accepting, lets requests in flight finish until `deadline`, then cuts them.
  void Stop(std::chrono::milliseconds deadline);
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Returns "127.0.0.1:8080".
std::string ToText(const config::Address& address);

}  // namespace pgsluice::api
