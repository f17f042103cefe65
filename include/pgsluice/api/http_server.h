#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/config/config.h"

namespace pgsluice::api {

/// A request that was read whole and is within the limits.
struct HttpRequest {
  std::string method;
  std::string path;                            ///< Percent-encoded, without query.
  std::string query;                           ///< Behind '?', percent-encoded.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
  std::string peer;  ///< Address of the caller.
  std::string id;    ///< From X-Request-Id when that is sane, else generated.
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Called from many threads at once. What it throws becomes a 500.
using Handler = std::function<HttpResponse(const HttpRequest&)>;
/// Turns a status and a code of the contract into an error body: for what the server refuses
/// itself.
using ProblemWriter = std::function<HttpResponse(
    int status, const std::string& code, const std::string& detail, const std::string& request_id)>;

struct HttpLimits {
  int threads = 64;                           ///< Connections served at once.
  int queued = 256;                           ///< Connections that wait for a thread.
  std::size_t url = 8U * 1024U;               ///< 414 beyond.
  std::size_t headers = 16U * 1024U;          ///< 431 beyond.
  std::size_t body = 256U * 1024U;            ///< 413 beyond.
  std::chrono::milliseconds deadline{10000};  ///< For reading one request.
};

/// An HTTP/1.1 server on Poco. Guards against what Poco leaves open (measured on 1.11 and 1.13):
/// unread bodies that would be taken for the next request, POST without a length, a length and
/// chunks together, malformed chunks, exceptions other than Poco's, header values decoded by RFC
/// 2047. Closes a connection after every refused and every chunked request.
class HttpServer {
 public:
  HttpServer(const config::Address& address, const std::optional<config::Tls>& tls,
             const HttpLimits& limits, Handler handler, ProblemWriter problem);
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
