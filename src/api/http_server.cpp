#include "pgsluice/api/http_server.h"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SecureServerSocket.h>
#include <spdlog/fmt/fmt.h>

#include <future>
#include <thread>

#include "api/request_reader.h"
#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

using Poco::Net::HTTPResponse;
using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;

void Send(HTTPServerResponse& to, const HttpResponse& response, bool head) {
  to.setStatusAndReason(static_cast<HTTPResponse::HTTPStatus>(response.status));
  if (response.status != 204) to.setContentType(response.content_type);
  for (const auto& [name, value] : response.headers) to.set(name, value);
  to.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
  if (head) {
    to.send();
  } else {
    to.sendBuffer(response.body.data(), response.body.size());
  }
}

class Endpoint : public Poco::Net::HTTPRequestHandler {
 public:
  Endpoint(const HttpLimits& limits, const Handler& handler, const ProblemWriter& problem)
      : limits_(limits), handler_(handler), problem_(problem) {}

  void handleRequest(HTTPServerRequest& request, HTTPServerResponse& response) override {
    HttpRequest read;
    HttpResponse answer;
    const std::optional<Refusal> refusal = ReadRequest(request, limits_, read);
    if (refusal) {
      answer = problem_(refusal->status, refusal->code, refusal->detail, read.id);
      response.setKeepAlive(false);
    } else {
      answer = Handle(read);
      if (request.getChunkedTransferEncoding()) response.setKeepAlive(false);
    }
    answer.headers.emplace_back("X-Request-Id", read.id);
    Send(response, answer, read.method == "HEAD");
  }

 private:
  HttpResponse Handle(const HttpRequest& request) {
    try {
      return handler_(request);
    } catch (const std::exception& error) {
      observe::Log(observe::Level::kError, "api", error.what(), {{"request_id", request.id}});
      return problem_(500, "internal_error", "something went wrong on our side", request.id);
    }
  }

  const HttpLimits& limits_;
  const Handler& handler_;
  const ProblemWriter& problem_;
};

class Factory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  Factory(HttpLimits limits, Handler handler, ProblemWriter problem)
      : limits_(limits), handler_(std::move(handler)), problem_(std::move(problem)) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override {
    return new Endpoint(limits_, handler_, problem_);  // Poco owns it
  }

 private:
  HttpLimits limits_;
  Handler handler_;
  ProblemWriter problem_;
};

Poco::Net::ServerSocket Bind(const config::Address& address,
                             const std::optional<config::Tls>& tls) {
  const Poco::Net::SocketAddress where(address.host, address.port);
  constexpr int kBacklog = 256;
  if (!tls) return Poco::Net::ServerSocket(where, kBacklog);
  Poco::Net::Context::Ptr context =
      new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, tls->key_file, tls->cert_file, "",
                             Poco::Net::Context::VERIFY_NONE);
  context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
  return Poco::Net::SecureServerSocket(where, kBacklog, context);
}

}  // namespace

std::string ToText(const config::Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

struct HttpServer::Impl {
  config::Address address;
  std::optional<config::Tls> tls;
  HttpLimits limits;
  Poco::SharedPtr<Factory> factory;
  std::unique_ptr<Poco::ThreadPool> threads;
  std::unique_ptr<Poco::Net::HTTPServer> server;
};

HttpServer::HttpServer(const config::Address& address, const std::optional<config::Tls>& tls,
                       const HttpLimits& limits, Handler handler, ProblemWriter problem)
    : impl_(std::make_unique<Impl>()) {
  impl_->address = address;
  impl_->tls = tls;
  impl_->limits = limits;
  impl_->factory = new Factory(limits, std::move(handler), std::move(problem));
}

HttpServer::~HttpServer() { Stop(std::chrono::milliseconds(0)); }

void HttpServer::Start() {
  auto* params = new Poco::Net::HTTPServerParams;  // Poco counts references
  params->setMaxThreads(impl_->limits.threads);
  params->setMaxQueued(impl_->limits.queued);
  params->setKeepAliveTimeout(Poco::Timespan(5, 0));
  params->setMaxKeepAliveRequests(1000);
  params->setTimeout(Poco::Timespan(
      std::chrono::duration_cast<std::chrono::microseconds>(impl_->limits.deadline).count()));
  // A pool of its own: Poco's default one is small and shared.
  impl_->threads = std::make_unique<Poco::ThreadPool>(2, impl_->limits.threads + 1);
  try {
    impl_->server = std::make_unique<Poco::Net::HTTPServer>(
        impl_->factory, *impl_->threads, Bind(impl_->address, impl_->tls), params);
  } catch (const Poco::Exception& error) {
    throw Error(Disposition::kFatal,
                fmt::format("cannot listen on {}: {}", ToText(impl_->address), error.displayText()),
                "is another process using the port? choose another with PGSLUICE_LISTEN or "
                "PGSLUICE_ADMIN_LISTEN");
  }
  impl_->server->start();
}

void HttpServer::Stop(std::chrono::milliseconds deadline) {
  if (!impl_->server) return;
  // stopAll(false) waits for requests in flight, with no limit of its own.
  auto graceful = std::async(std::launch::async, [&] { impl_->server->stopAll(false); });
  if (graceful.wait_for(deadline) != std::future_status::ready) impl_->server->stopAll(true);
  graceful.get();
  impl_->threads->joinAll();
  impl_->server.reset();
}

std::uint16_t HttpServer::port() const {
  return impl_->server ? impl_->server->port() : impl_->address.port;
}

}  // namespace pgsluice::api
