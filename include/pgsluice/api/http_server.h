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

/// Why a request is not looked at any further.
struct Refusal {
  int status;
  std::string code, detail;
};

/// A request that was read whole and is within the limits, unless `refusal` is set.
struct HttpRequest {
  std::string method;
  std::string path;                            ///< Percent-encoded, without query.
  std::string query;                           ///< Behind '?', percent-encoded.
  std::string authority;                       ///< Host and port of an absolute target, else empty.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
  std::string peer;  ///< Address of the caller.
  std::string id;    ///< From X-Request-Id when that is sane, else generated.
  std::optional<Refusal> refusal;
  int socket = -1;          ///< Of the caller, to see whether it is still there.
  bool http11 = true;       ///< Else HTTP/1.0.
  bool keep_alive = false;  ///< The caller would go on with this connection.

  /// The value of a header, by its name in lower case; empty when absent.
  std::string Header(const std::string& name) const;
};

/// Takes a piece of an answer; throws when the caller is gone.
using Sink = std::function<void(std::string_view)>;

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string caller = {};        ///< For logs; empty: not known.
  std::string route = "unknown";  ///< For metrics: the pattern, never the URL.
  /// When set, writes the body in pieces. What it throws cuts the connection, so that the caller
  /// sees that the answer is not whole.
  std::function<void(const Sink&)> stream;
};

/// Called from many threads at once, for refused requests too (those are answered with their
/// refusal). What it throws becomes a 500.
using Handler = std::function<HttpResponse(const HttpRequest&)>;

/// Which hosts a request may name. Any web page can let a name of its own resolve to this machine
/// (DNS rebinding) and then read answers as its own: it is recognised by that name.
struct HostRule {
  bool any = true;                 ///< Else: this machine's, and those of `names`.
  std::vector<std::string> names;  ///< In lower case.
};

/// The rule of a listener. On loopback only localhost, its addresses and the allowed names; on
/// other addresses the same once names are given, else any. "*" allows any name.
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
  /// Bytes per second that a caller has to read at least; it may take nothing for `deadline`.
  std::size_t send_rate = 32U * 1024U;
  std::size_t unsent = 128U << 20U;     ///< Bytes of all answers that wait for slow readers.
  std::size_t unfinished = 64U << 20U;  ///< Bytes of all requests that are not whole yet.
  std::size_t per_address = 0;          ///< Connections; 0: three quarters of all there can be.
  /// Called for each connection that is cut or refused, with the reason: files, too_many, address,
  /// queue, slow, memory. From any thread, and under a lock: it must return at once.
  std::function<void(const std::string&)> cut{};
};

/// Counts what `HttpLimits::cut` reports, as pgsluice_http_connections_cut_total.
std::function<void(const std::string&)> CountCut(observe::Registry& registry,
                                                 const std::string& listener);

/// Poco's HTTP server behind a guard, which hands it a connection only when a whole request has
/// arrived and was checked. Poco's own parser leaves open (measured on 1.11 and 1.13): lines of
/// 4092 bytes that end the head, unread bodies that are taken for the next request, POST without a
/// length, a length and chunks together, malformed chunks, header values decoded by RFC 2047,
/// requests that drip in byte by byte, idle connections that keep all threads. None of it can be
/// configured away. Closes a connection after every refused and every chunked request.
class HttpServer {
 public:
  HttpServer(const config::Address& address, const std::optional<config::Tls>& tls,
             const HttpLimits& limits, Handler handler);
  ~HttpServer();
  /// Throws Error(kFatal) when the address cannot be bound.
  void Start();
  /// Stops accepting, lets requests in flight finish until `deadline`, then cuts them.
  void Stop(std::chrono::milliseconds deadline);
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "127.0.0.1:8080".
std::string ToText(const config::Address& address);

}  // namespace pgsluice::api
