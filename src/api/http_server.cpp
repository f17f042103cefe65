#include "pgsluice/api/http_server.h"

#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerParams.h>
#include <Poco/ThreadPool.h>
#include <spdlog/fmt/fmt.h>

#include "api/connection.h"
#include "api/deadline_socket.h"
#include "pgsluice/base/error.h"

namespace pgsluice::api {

namespace {

Poco::Net::ServerSocket Bind(const config::Address& address, const std::optional<config::Tls>& tls,
                             const HttpLimits& limits) {
  constexpr int kBacklog = 256;
  return ListenWithDeadline(Poco::Net::SocketAddress(address.host, address.port), kBacklog,
                            limits.deadline, tls ? std::make_unique<TlsFiles>(*tls) : nullptr);
}

Poco::Net::TCPServerParams::Ptr Params(const HttpLimits& limits) {
  Poco::Net::TCPServerParams::Ptr params = new Poco::Net::TCPServerParams;
  params->setMaxThreads(limits.threads);
  params->setMaxQueued(limits.queued);
  return params;
}

}  // namespace

std::string ToText(const config::Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

struct HttpServer::Impl {
  config::Address address;
  std::optional<config::Tls> tls;
  ConnectionContext context;
  std::unique_ptr<Poco::ThreadPool> threads;
  std::unique_ptr<Poco::Net::TCPServer> server;
};

HttpServer::HttpServer(const config::Address& address, const std::optional<config::Tls>& tls,
                       const HttpLimits& limits, Handler handler)
    : impl_(std::make_unique<Impl>()) {
  impl_->address = address;
  impl_->tls = tls;
  impl_->context.limits = limits;
  impl_->context.handler = std::move(handler);
  impl_->context.queued = [this] { return impl_->server->queuedConnections(); };
}

HttpServer::~HttpServer() { Stop(std::chrono::milliseconds(0)); }

void HttpServer::Start() {
  if (impl_->server) return;
  // A pool of its own: Poco's default one is small and shared.
  impl_->threads = std::make_unique<Poco::ThreadPool>(2, impl_->context.limits.threads + 1);
  try {
    impl_->server = std::make_unique<Poco::Net::TCPServer>(
        new ConnectionFactory(impl_->context), *impl_->threads,
        Bind(impl_->address, impl_->tls, impl_->context.limits), Params(impl_->context.limits));
  } catch (const Poco::Exception& error) {
    const bool taken = error.displayText().find("in use") != std::string::npos;
    throw Error(Disposition::kFatal,
                fmt::format("cannot listen on {}: {}", ToText(impl_->address),
                            taken ? "the address is in use" : error.displayText()),
                "stop what uses it, or choose another address with --listen or --admin-listen");
  }
  impl_->server->start();
}

void HttpServer::Stop(std::chrono::milliseconds deadline) {
  if (!impl_->server) return;
  const auto until = std::chrono::steady_clock::now() + deadline;
  impl_->server->stop();
  impl_->context.open.Close(until);
  impl_->threads->joinAll();
  impl_->server.reset();
}

std::uint16_t HttpServer::port() const {
  return impl_->server ? impl_->server->port() : impl_->address.port;
}

}  // namespace pgsluice::api
