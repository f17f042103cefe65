#include "pgsluice/api/server.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/home/home.h"
#include "api/http/client_address.h"
#include "api/http/message.h"
#include "api/http/transfer.h"
#include "api/mcp/mcp.h"
#include "api/rest/rest_api.h"
#include "pgsluice/api/http_server.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/observe/trace.h"

namespace pgsluice::api {

using Clock = std::chrono::steady_clock;

namespace {

HttpLimits LimitsOf(const config::Config& config, const config::Address& address,
                    observe::Registry& registry) {
  // Requests that wait for the sync, and refusals of too many requests, also need threads.
  constexpr int kForRefusals = 8;
  HttpLimits limits;
  limits.per_address = static_cast<std::size_t>(config.limits.connections_per_address);
  limits.hosts = MakeHostRule(address, config.allowed_hosts);
  limits.cut = CountCut(registry, "api");
  limits.threads = config.limits.concurrent + Gate::kWaiting + Gate::kExports + kForRefusals;
  return limits;
}

/// Limits the number of labels, because callers choose methods.
std::string MethodLabel(const std::string& method) {
  return method == "GET" || method == "POST" || method == "HEAD" ? method : "other";
}

/// Returns whether a top-level switch of the configuration is on.
bool IsOn(const config::Config& config, std::string_view name) {
  const json::Value* value = config.effective.Find(name);
  return value != nullptr && value->boolean;
}

}  // namespace

struct Server::Impl {
  Impl(Backend backend, const config::Address& address, const std::optional<config::Tls>& tls)
      : registry(backend.registry),
        fetch(backend.fetch),
        gate(backend.config.limits.concurrent),
        rest(backend, gate),
        mcp(IsOn(backend.config, "mcp")),
        seconds(registry.MakeHistogram(
            "pgsluice_http_request_duration_seconds", "Time from a request to its answer.",
            {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30})),
        http(address, tls, LimitsOf(backend.config, address, backend.registry),
             [this](const HttpRequest& request) { return Answer(request); }) {}

  HttpResponse Answer(const HttpRequest& request) {
    const auto start = Clock::now();
    observe::Span span(observe::SpanKind::kServer, MethodLabel(request.method),
                       request.Header("traceparent"));
    HttpResponse response = Handle(request, span.traceparent());
    Compress(request, response);
    AllowOrigin(rest.settings()->cors_origins, request, response);
    ForCallerAlone(response);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    Describe(request, response, span);
    Record(request, response, std::chrono::duration<double>(Clock::now() - start).count(),
           span.trace_id());
    return response;
  }

  std::string AddressOf(const HttpRequest& request) const {
    return ClientAddress(request.peer, request.Header("x-forwarded-for"),
                         rest.settings()->limits.trusted_proxies);
  }

  HttpResponse Handle(const HttpRequest& request, const std::string& traceparent) {
    try {
      if (request.refusal) {
        query::Problem problem(request.refusal->status, request.refusal->code,
                               request.refusal->detail);
        throw request.refusal->status == 503 ? problem.RetryAfter(1) : problem;
      }
      if (auto page = Home(request)) return *std::move(page);
      RefuseStream(request);
      if (request.method != "OPTIONS") {
        Request asked = ReadRest(request);
        asked.traceparent = traceparent;
        asked.peer = AddressOf(request);
        if (mcp && request.path == "/mcp")
          return Mcp(asked, request.Header("mcp-protocol-version"));
        return rest.Handle(asked);
      }
      HttpResponse response;
      response.status = 204;
      response.headers.emplace_back("Allow", "GET, HEAD, POST, OPTIONS");
      return response;
    } catch (const query::Problem& problem) {
      return ProblemResponse(problem, request.id);
    }
  }

  /// Refuses the stream that MCP clients request with GET. They take this answer as "no stream
  /// here".
  void RefuseStream(const HttpRequest& request) const {
    if (!mcp || request.path != "/mcp") return;
    if (request.method == "POST" || request.method == "OPTIONS") return;
    query::Problem problem(405, "method_not_allowed", "/mcp takes POST");
    throw problem.Allow("POST, OPTIONS");
  }

  /// Answers one message of the Model Context Protocol.
  HttpResponse Mcp(const Request& request, const std::string& version) {
    return rest.ForCaller(request, "/mcp", [&] {
      return AnswerMcp(
          request, version, [this](const Request& one) { return rest.Handle(one); }, RouteExists);
    });
  }

  static void Describe(const HttpRequest& request, const HttpResponse& response,
                       observe::Span& span) {
    if (span.trace_id().empty()) return;
    span.Rename(MethodLabel(request.method) + ' ' + response.route);
    span.Set("http.request.method", request.method);
    span.Set("http.route", response.route);
    span.Set("http.response.status_code", response.status);
    span.Set("url.path", request.path);
    span.Set("pgsluice.request_id", request.id);
    if (response.status >= 500) span.Fail();
  }

  void Record(const HttpRequest& request, const HttpResponse& response, double took,
              std::string_view trace_id) {
    seconds.Observe(took);
    const std::string code = std::to_string(response.status);
    registry
        .MakeCounter(
            "pgsluice_http_requests_total", "Requests answered.",
            {{"route", response.route}, {"method", MethodLabel(request.method)}, {"code", code}})
        .Add();
    std::vector<observe::LogField> fields = {{"status", code},
                                             {"route", response.route},
                                             {"dur_ms", fmt::format("{:.1f}", took * 1000)},
                                             {"request_id", request.id}};
    if (!trace_id.empty()) fields.emplace_back("trace_id", trace_id);
    if (const auto& log = rest.settings()->access_log) {
      log->Write({{"method", request.method},
                  {"path", request.path},
                  {"route", response.route},
                  {"status", code},
                  {"dur_ms", fmt::format("{:.0f}", took * 1000)},
                  {"bytes", std::to_string(response.body.size())},
                  {"caller", response.caller},
                  {"address", AddressOf(request)},
                  {"agent", request.Header("user-agent")},
                  {"request_id", request.id}});
    }
    observe::Log(observe::Level::kDebug, "access", request.method + " " + request.path, fields);
  }

  observe::Registry& registry;
  const FetchText fetch;
  Gate gate;
  RestApi rest;
  const bool mcp;  ///< Whether /mcp exists.
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
  impl_->rest.Use(std::make_shared<const Settings>(config, impl_->fetch));
}
void Server::Audit(const std::string& event, const std::string& caller, const std::string& address,
                   const std::string& detail) {
  if (const auto& log = impl_->rest.settings()->audit_log) {
    log->Write({{"event", event}, {"caller", caller}, {"address", address}, {"detail", detail}});
  }
}

std::string Server::Admit(const HttpRequest& request, bool change) {
  const std::shared_ptr<const Settings> now = impl_->rest.settings();
  const auto& policies = now->auth.policies;
  const bool guarded = std::any_of(policies.begin(), policies.end(),
                                   [](const auto& policy) { return policy.second.admin; });
  if (!now->admin_auth && !(change && guarded)) return "";
  try {
    const Access access = Access::Of(*now, Credentials(request));
    if (access.IsAdmin()) return access.caller();
  } catch (const query::Problem&) {
    Audit("login_failed", "", request.peer, "admin port " + request.path);
    throw;
  }
  Audit("login_failed", "", request.peer, "admin port " + request.path);
  throw query::Problem(401, "invalid_credentials", "the key's policy does not have 'admin'");
}

bool Server::MayShowRows(const HttpRequest& request) const {
  const std::shared_ptr<const Settings> now = impl_->rest.settings();
  if (now->admin_row_values) return true;
  try {
    return Access::Of(*now, Credentials(request)).IsAdmin();
  } catch (const query::Problem&) {
    return false;
  }
}

HttpResponse Server::Answer(const HttpRequest& request) { return impl_->Answer(request); }
std::uint16_t Server::port() const { return impl_->http.port(); }

}  // namespace pgsluice::api
