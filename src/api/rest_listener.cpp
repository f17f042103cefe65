#include "api/rest_listener.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>
#include <spdlog/fmt/fmt.h>

#include "api/exchange.h"

namespace pgsluice::api {

namespace net = Poco::Net;

RestListener::RestListener(RestHandler handler, config::Address address,
                           std::optional<config::Tls> tls, int threads)
    : handler_(std::move(handler)),
      address_(std::move(address)),
      tls_(std::move(tls)),
      threads_(threads) {}

RestListener::~RestListener() { Stop(); }

void RestListener::Start() {
  if (server_ != nullptr) return;
  try {
    const net::SocketAddress address(address_.host, address_.port);
    net::ServerSocket socket;
    if (tls_) {
      net::Context::Ptr context(new net::Context(net::Context::TLSV1_2_SERVER_USE, tls_->key_file,
                                                 tls_->cert_file, "", net::Context::VERIFY_NONE));
      socket = net::SecureServerSocket(address, 256, context);
    } else {
      socket.bind(address, true);
      socket.listen(256);
    }
    net::HTTPServerParams::Ptr params(new net::HTTPServerParams);
    params->setMaxThreads(threads_);
    params->setMaxQueued(256);
    params->setKeepAlive(true);
    params->setKeepAliveTimeout(Poco::Timespan(5, 0));
    params->setMaxKeepAliveRequests(1000);
    params->setTimeout(Poco::Timespan(10, 0));
    pool_ = std::make_unique<Poco::ThreadPool>(2, threads_ + 1);
    server_ = std::make_unique<net::HTTPServer>(
        net::HTTPRequestHandlerFactory::Ptr(new ExchangeFactory(handler_)), *pool_, socket, params);
    server_->start();
  } catch (const Poco::Exception& error) {
    server_.reset();
    throw Error(Disposition::kFatal,
                fmt::format("cannot listen on {}:{}: {}", address_.host, address_.port,
                            error.displayText()),
                "choose another address with --listen, or stop what uses it");
  }
}

void RestListener::Stop() {
  if (server_ == nullptr) return;
  server_->stopAll(false);
  pool_->joinAll();
  server_.reset();
}

std::uint16_t RestListener::port() const { return server_ == nullptr ? 0 : server_->port(); }

}  // namespace pgsluice::api
