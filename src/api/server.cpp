#include "pgsluice/api/server.h"

#include <spdlog/fmt/fmt.h>

#include <atomic>

#include "api/rest_listener.h"
#include "api/service.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

using Clock = std::chrono::steady_clock;

struct Server::Impl {
  Impl(Backend backend, config::Address address, std::optional<config::Tls> tls)
      : registry(backend.registry),
        concurrent(backend.config.limits.concurrent),
        service(std::move(backend)),
        seconds(registry.MakeHistogram(
            "pgsluice_http_request_duration_seconds", "Time from a request to its answer.",
            {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30})),
        http([this](const Request& request) { return Answer(request); }, std::move(address),
             std::move(tls), 64) {}

  Response Answer(const Request& request) {
    const auto start = Clock::now();
    Response response;
    if (running.fetch_add(1) < concurrent) {
      response = service.Handle(request);
    } else {
      query::Problem problem(503, "overloaded", "too many requests at once");
      response = ProblemResponse(problem.RetryAfter(1), request.id);
    }
    running.fetch_sub(1);
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    seconds.Observe(took);
    const std::string code = std::to_string(response.status);
    registry
        .MakeCounter(
            "pgsluice_http_requests_total", "Requests answered.",
            {{"route", response.route}, {"method", Method(request.method)}, {"code", code}})
        .Add();
    observe::Log(observe::Level::kDebug, "access", request.method + " " + request.path,
                 {{"status", code},
                  {"route", response.route},
                  {"dur_ms", fmt::format("{:.1f}", took * 1000)},
                  {"request_id", request.id}});
    return response;
  }

  /// Callers choose methods; labels stay few.
  static std::string Method(const std::string& method) {
    return method == "GET" || method == "POST" || method == "HEAD" ? method : "other";
  }

  observe::Registry& registry;
  const int concurrent;
  std::atomic<int> running{0};
  Service service;
  observe::Histogram& seconds;
  RestListener http;
};

Server::Server(Backend backend, config::Address address, std::optional<config::Tls> tls)
    : impl_(std::make_unique<Impl>(std::move(backend), std::move(address), std::move(tls))) {}
Server::~Server() = default;
void Server::Start() { impl_->http.Start(); }
void Server::Stop(Clock::time_point /*deadline*/) { impl_->http.Stop(); }
std::uint16_t Server::port() const { return impl_->http.port(); }

}  // namespace pgsluice::api
