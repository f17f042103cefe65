#include "pgsluice/api/server.h"

#include <spdlog/fmt/fmt.h>

#include "api/message.h"
#include "api/service.h"
#include "api/transfer.h"
#include "pgsluice/api/http_server.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

using Clock = std::chrono::steady_clock;

namespace {

HttpLimits LimitsOf(const config::Config& config) {
  // Who waits for the sync, or is told that there are too many, needs a thread too.
  constexpr int kForRefusals = 8;
  HttpLimits limits;
  limits.threads = config.limits.concurrent + Gate::kWaiting + Gate::kExports + kForRefusals;
  return limits;
}

/// Callers choose methods; labels stay few.
std::string MethodLabel(const std::string& method) {
  return method == "GET" || method == "POST" || method == "HEAD" ? method : "other";
}

}  // namespace

struct Server::Impl {
  Impl(Backend backend, const config::Address& address, const std::optional<config::Tls>& tls)
      : registry(backend.registry),
        gate(backend.config.limits.concurrent),
        service(backend, gate),
        seconds(registry.MakeHistogram(
            "pgsluice_http_request_duration_seconds", "Time from a request to its answer.",
            {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30})),
        http(address, tls, LimitsOf(backend.config),
             [this](const HttpRequest& request) { return Answer(request); }) {}

  HttpResponse Answer(const HttpRequest& request) {
    const auto start = Clock::now();
    HttpResponse response = Handle(request);
    Compress(request, response);
    AllowOrigin(service.settings()->cors_origins, request, response);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    Record(request, response, std::chrono::duration<double>(Clock::now() - start).count());
    return response;
  }

  HttpResponse Handle(const HttpRequest& request) {
    try {
      if (request.refusal) {
        throw query::Problem(request.refusal->status, request.refusal->code,
                             request.refusal->detail);
      }
      if (request.method != "OPTIONS") return service.Handle(ReadRest(request));
      HttpResponse response;
      response.status = 204;
      response.headers.emplace_back("Allow", "GET, HEAD, POST, OPTIONS");
      return response;
    } catch (const query::Problem& problem) {
      return ProblemResponse(problem, request.id);
    }
  }

  void Record(const HttpRequest& request, const HttpResponse& response, double took) {
    seconds.Observe(took);
    const std::string code = std::to_string(response.status);
    registry
        .MakeCounter(
            "pgsluice_http_requests_total", "Requests answered.",
            {{"route", response.route}, {"method", MethodLabel(request.method)}, {"code", code}})
        .Add();
    observe::Log(observe::Level::kDebug, "access", request.method + " " + request.path,
                 {{"status", code},
                  {"route", response.route},
                  {"dur_ms", fmt::format("{:.1f}", took * 1000)},
                  {"request_id", request.id}});
  }

  observe::Registry& registry;
  Gate gate;
  Service service;
  observe::Histogram& seconds;
  HttpServer http;
};

Server::Server(Backend backend, const config::Address& address,
               const std::optional<config::Tls>& tls)
    : impl_(std::make_unique<Impl>(std::move(backend), address, tls)) {}
Server::~Server() = default;
void Server::Start() { impl_->http.Start(); }
void Server::Stop(Clock::time_point deadline) {
  impl_->gate.Stop();
  impl_->http.Stop(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()));
}
void Server::Reload(const config::Config& config) {
  impl_->service.Use(std::make_shared<const Settings>(config));
}
HttpResponse Server::Answer(const HttpRequest& request) { return impl_->Answer(request); }
std::uint16_t Server::port() const { return impl_->http.port(); }

}  // namespace pgsluice::api
