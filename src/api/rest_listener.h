#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "api/message.h"
#include "pgsluice/config/config.h"

namespace Poco {
class ThreadPool;
namespace Net {
class HTTPServer;
}
}  // namespace Poco

namespace pgsluice::api {

using RestHandler = std::function<Response(const Request&)>;

/// An HTTP/1.1 server with its own threads. What Poco leaves open is closed here: sizes of URL,
/// headers and body are limited, a body is read whole or the connection is closed, ambiguous
/// framing is refused, exceptions become answers.
class RestListener {
 public:
  RestListener(RestHandler handler, config::Address address, std::optional<config::Tls> tls,
               int threads);
  ~RestListener();
  void Start();
  void Stop();
  std::uint16_t port() const;

 private:
  RestHandler handler_;
  config::Address address_;
  std::optional<config::Tls> tls_;
  int threads_;
  std::unique_ptr<Poco::ThreadPool> pool_;
  std::unique_ptr<Poco::Net::HTTPServer> server_;
};

}  // namespace pgsluice::api
