#include "pgsluice/api/http_server.h"

#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/ThreadPool.h>
#include <spdlog/fmt/fmt.h>

#include "api/http/http_guard.h"
#include "api/http/http_handler.h"
#include "api/http/http_socket.h"
#include "pgsluice/base/error.h"

namespace pgsluice::api {

namespace {

Poco::Net::HTTPServerParams::Ptr Params(const HttpLimits& limits) {
  Poco::Net::HTTPServerParams::Ptr params = new Poco::Net::HTTPServerParams;
  params->setMaxThreads(limits.threads);
  params->setMaxQueued(limits.queued);
  params->setKeepAlive(true);
  params->setMaxKeepAliveRequests(0);  // The guard counts.
  return params;
}

}  // namespace

std::string ToText(const config::Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

std::function<void(const std::string&)> CountCut(observe::Registry& registry,
                                                 const std::string& listener) {
  return [&registry, listener](const std::string& reason) {
    registry
        .MakeCounter("pgsluice_http_connections_cut_total", "Connections cut or refused.",
                     {{"listener", listener}, {"reason", reason}})
        .Add();
  };
}

struct HttpServer::Impl {
  Impl(const config::Address& listen, const std::optional<config::Tls>& tls_files,
       const HttpLimits& http_limits, Handler answers)
      : address(listen), tls(tls_files), limits(http_limits), handler(std::move(answers)) {}

  void Start() {
    guard = std::make_unique<HttpGuard>(
        limits, [this] { return server ? server->queuedConnections() : 0; });
    guard->Listen(Poco::Net::SocketAddress(address.host, address.port),
                  tls ? std::make_unique<TlsFiles>(*tls) : nullptr);
    // A pool of its own: Poco's default one is small and shared.
    threads = std::make_unique<Poco::ThreadPool>(2, limits.threads + 1);
    server = std::make_unique<Poco::Net::HTTPServer>(new HandlerFactory(handler), *threads,
                                                     ListenThrough(*guard), Params(limits));
    server->start();
  }

  const config::Address address;
  const std::optional<config::Tls> tls;
  const HttpLimits limits;
  const Handler handler;
  std::unique_ptr<HttpGuard> guard;
  std::unique_ptr<Poco::ThreadPool> threads;
  std::unique_ptr<Poco::Net::HTTPServer> server;
};

HttpServer::HttpServer(const config::Address& address, const std::optional<config::Tls>& tls,
                       const HttpLimits& limits, Handler handler)
    : impl_(std::make_unique<Impl>(address, tls, limits, std::move(handler))) {}

HttpServer::~HttpServer() { Stop(std::chrono::milliseconds(0)); }

void HttpServer::Start() {
  if (impl_->server) return;
  try {
    impl_->Start();
  } catch (const Poco::Exception& error) {
    const bool taken = error.displayText().find("in use") != std::string::npos;
    throw Error(Disposition::kFatal,
                fmt::format("cannot listen on {}: {}", ToText(impl_->address),
                            taken ? "the address is in use" : error.displayText()),
                "stop what uses it, or choose another address with --listen or --admin-listen");
  }
}

void HttpServer::Stop(std::chrono::milliseconds deadline) {
  if (!impl_->server) return;
  const auto until = std::chrono::steady_clock::now() + deadline;
  impl_->guard->Drain();
  impl_->server->stop();
  impl_->guard->Close(until);
  impl_->threads->joinAll();
  impl_->server.reset();
  impl_->guard.reset();
}

std::uint16_t HttpServer::port() const {
  return impl_->server ? impl_->server->port() : impl_->address.port;
}

}  // namespace pgsluice::api
