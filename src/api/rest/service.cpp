#include "api/rest/service.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/http/client_address.h"
#include "api/rest/refused_facets.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/json/validate.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/observe/trace.h"
#include "pgsluice/query/answer.h"

namespace pgsluice::api {

using query::Problem;

Service::Service(Backend backend, Gate& gate)
    : backend_(std::move(backend)),
      gate_(gate),
      settings_(std::make_shared<const Settings>(backend_.config, backend_.fetch)),
      freshness_(backend_.sync),
      engine_seconds_(backend_.registry.MakeHistogram(
          "pgsluice_search_engine_duration_seconds", "Time the search engine took per request.",
          {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})) {
  if (backend_.cursor_keys) return;
  backend_.cursor_keys = [keys = query::CursorKeys::OfThisProcess()](const std::string&) {
    return keys;
  };
}

const std::vector<Service::Route>& Service::Routes() {
  static const std::vector<Route> routes = {
      {"/openapi.json", "GET", &Service::Describe},
      {"/v1/indexes", "GET", &Service::Indexes},
      {"/v1/indexes/{index}", "GET", &Service::Indexes},
      {"/v1/sync", "GET", &Service::Sync},
      {"/v1/sync/wait", "GET", &Service::SyncWait},
      {"/v1/multi-search", "POST", &Service::MultiSearch},
      {"/v1/instantsearch", "POST", &Service::InstantSearch},
      {"/1/indexes/*/recommendations", "POST", &Service::Recommendations},
      {"/1/indexes/{index}/queries", "POST", &Service::InstantSearch},
      {"/1/indexes/{index}/facets/{field}/query", "POST", &Service::InstantFacet},
      {"/v1/{index}/search", "GET", &Service::Search},
      {"/v1/{index}/search", "POST", &Service::Search},
      {"/v1/{index}/count", "GET", &Service::Count},
      {"/v1/{index}/count", "POST", &Service::Count},
      {"/v1/{index}/export", "GET", &Service::Export},
      {"/v1/{index}/suggest", "GET", &Service::Suggest},
      {"/v1/{index}/facets/{field}", "GET", &Service::Facet},
      {"/v1/{index}/docs/mget", "POST", &Service::MultiGet},
      {"/v1/{index}/docs/{id}", "GET", &Service::Document},
      {"/v1/{index}/docs/{id}/similar", "GET", &Service::Similar},
  };
  return routes;
}

namespace {

/// Depth of an answer: the depth that a document may have, plus what the engine puts around it.
constexpr int kAnswerDepth = 1024;
const std::string kMultiSearch = "/_msearch";

/// The caller never receives this answer. Its status keeps it apart from failures in metrics and
/// logs.
Problem Gone() { return {499, "caller_gone", "the caller closed the connection"}; }

Problem NotReady() {
  return Problem(503, "index_not_ready", "the index is not ready yet").RetryAfter(1);
}

/// Returns the answer for a configured index that was never created because its definition does not
/// fit. The cause may name what the caller must not see, so only `status` shows it.
Problem CannotBeMade(const std::string& name, const std::string& state) {
  return Problem(503, "index_not_ready",
                 fmt::format("index '{}' is {}: its definition does not fit the database or the "
                             "search engine; 'pgsluice status' shows the cause and the remedy",
                             name, state))
      .RetryAfter(30);
}

Problem NotAvailable() {
  return Problem(503, "engine_unavailable", "the search engine is not available").RetryAfter(1);
}

Problem EngineTimeout() {
  return {504, "engine_timeout", "the search engine did not answer in time"};
}

Problem Unreadable() {
  return {502, "engine_error", "the search engine's answer could not be read"};
}

/// Returns the answer for a read that waits for the sync, which needs the database.
Problem NoDatabase(const Error& error) {
  observe::Log(observe::Level::kWarn, "api", error.what());
  return Problem(503, "engine_unavailable", "the database cannot be reached now").RetryAfter(1);
}

/// Matches "/v1/{index}/search" with the segments of a path.
bool Matches(std::string_view pattern, const std::vector<std::string>& segments) {
  for (const std::string& segment : segments) {
    if (pattern.empty()) return false;
    pattern.remove_prefix(1);
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    if (pattern.front() != '{' && pattern.substr(0, end) != segment) return false;
    pattern.remove_prefix(end);
  }
  return pattern.empty();
}

/// Returns "_search" for "/projects/_search?…", and never an id.
std::string ApiOf(const std::string& path) {
  const std::size_t begin = std::min(path.find("/_"), path.size() - 1) + 1;
  return path.substr(begin, path.find_first_of("/?", begin) - begin);
}

}  // namespace

const Service::Route& Service::Find(const Request& request, std::string& pattern) {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (const Route& route : Routes()) {
    if (!Matches(route.pattern, request.segments)) continue;
    pattern = route.pattern;
    if (method == route.method) return route;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    if (route.method == std::string_view("GET")) allowed += ", HEAD";
  }
  if (allowed.empty()) throw Problem(404, "not_found", "there is nothing under this path");
  Problem problem(405, "method_not_allowed", fmt::format("{} takes {}", pattern, allowed));
  throw problem.Allow(allowed + ", OPTIONS");
}

Response Service::Guarded(const std::string& request_id,
                          const std::function<Response()>& make) const {
  try {
    return make();
  } catch (const Problem& problem) {
    return ProblemResponse(problem, request_id);
  } catch (const std::exception& error) {
    observe::Log(observe::Level::kError, "api", error.what(), {{"request_id", request_id}});
    return ProblemResponse(Problem(500, "internal_error", "the request could not be answered"),
                           request_id);
  }
}

void Service::Use(std::shared_ptr<const Settings> settings) {
  gate_.SetConcurrent(settings->limits.concurrent);
  const base::MutexLock lock(mutex_);
  settings_ = std::move(settings);
}

std::shared_ptr<const Settings> Service::settings() const {
  const base::MutexLock lock(mutex_);
  return settings_;
}

Response Service::Handle(const Request& request) {
  std::string pattern = "unknown";
  const std::shared_ptr<const Settings> now = settings();
  std::optional<Access> known;
  Response response = Guarded(request.id, [&] {
    ChargeAddress(request, now->limits);
    const Route& route = Find(request, pattern);
    const Gate::Pass pass(gate_);
    const Access& access = known.emplace(Access::Of(*now, request.credentials));
    Charge(request, access, 1);
    return (this->*route.endpoint)(request, access);
  });
  response.route = pattern;
  if (known) response.caller = known->caller();
  if (now->audit_log) Audit(*now->audit_log, request, response, known);
  return response;
}

void Service::Audit(RequestLog& log, const Request& request, const Response& response,
                    const std::optional<Access>& access) {
  std::string indexes;
  if (access) {
    for (const std::string& name : access->asked_indexes()) {
      indexes += (indexes.empty() ? "" : ",") + name;
    }
  }
  log.Write({{"event", response.status == 401 ? "login_failed" : "request"},
             {"caller", response.caller.empty() ? "anonymous" : response.caller},
             {"address", request.peer},
             {"route", response.route},
             {"indexes", indexes},
             {"status", std::to_string(response.status)},
             {"request_id", request.id}});
}

namespace {

void TakeFrom(RateLimiter& limiter, const std::string& caller, std::optional<double> rate,
              const Request& request, double cost) {
  const double otherwise = IsLoopbackAddress(request.peer) ? 0 : config::Limits::kDefaultRate;
  const int pause =
      limiter.Take(caller, rate.value_or(otherwise), std::chrono::steady_clock::now(), cost);
  if (pause > 0) throw Problem(429, "rate_limited", "too many requests").RetryAfter(pause);
}

}  // namespace

void Service::ChargeAddress(const Request& request, const config::Limits& limits) {
  TakeFrom(addresses_, LimitedAs(request.peer), limits.address_requests_per_second, request, 1);
}

void Service::Charge(const Request& request, const Access& access, double searches) {
  const std::string& caller = access.caller();
  TakeFrom(rates_, caller.empty() ? LimitedAs(request.peer) : caller, access.requests_per_second(),
           request, searches);
}

query::Dsl Service::Allowed(const IndexInfo& index, const Access& access) {
  try {
    return access.FilterOf(index.plan);
  } catch (const Problem& problem) {
    if (problem.status() == 403) throw;
    observe::Log(observe::Level::kWarn, "api",
                 fmt::format("policy filter of '{}': {}", index.plan->name, problem.what()));
    throw Problem(403, "missing_claim", "the claims do not fit the policy's filter");
  }
}

IndexInfo Service::FindIndex(const std::string& name, const Access& access) const {
  // In this order: an index that is created in between is in the set.
  const bool complete = backend_.complete();
  const auto indexes = backend_.indexes();
  const auto found = indexes->find(name);
  if (found == indexes->end()) {
    if (!complete) throw NotReady();
    std::vector<std::string> names;
    for (const auto& [other, info] : *indexes) {
      if (info.plan != nullptr && access.Sees(other)) names.push_back(other);
    }
    const std::string nearest = config::Nearest(name, names);
    throw Problem(404, "unknown_index",
                  fmt::format("index '{}' does not exist{}", name,
                              nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  access.Check(name);
  if (found->second.plan == nullptr) throw CannotBeMade(name, found->second.state);
  return found->second;
}

Service::ResolvedRequest Service::ResolveIndex(const std::string& name, const Access& access) {
  const IndexInfo index = FindIndex(name, access);
  const std::shared_ptr<const Settings> now = settings();
  const auto search = now->searches.find(name);
  return {index,
          access.SchemaOf(index.plan),
          {},
          Allowed(index, access),
          access,
          search == now->searches.end() ? nullptr : search->second,
          std::make_shared<const EngineAnalysis>(analysis_, *backend_.engine, index.alias)};
}

Service::ResolvedRequest Service::ParseSearch(const Request& request, const Access& access,
                                              const query::ParameterNames& known) {
  ResolvedRequest asked = ResolveIndex(request.segments[1], access);
  if (request.method == "POST") {
    json::Value body;
    try {
      body = json::Parse(request.body);
    } catch (const Error& error) {
      throw Problem(400, "invalid_json", error.what());
    }
    asked.request = query::ReadBody(body, known);
  } else {
    asked.request = query::ReadParameters(request.parameters, known);
  }
  const int per_page = asked.request.per_page.value_or(asked.index.plan->config.search.per_page);
  asked.request.per_page = access.PerPage(per_page);
  access.CheckParameters(asked.request);
  asked.UseRules();
  return asked;
}

void Service::WaitFor(const std::string& token, const std::string& index,
                      std::chrono::milliseconds wait, int caller) {
  using Clock = std::chrono::steady_clock;
  const Gate::Waiting waiting(gate_);
  const auto deadline = Clock::now() + wait;
  bool reached = false;
  try {
    do {
      const auto slice = std::min(deadline, Clock::now() + std::chrono::milliseconds(250));
      reached = backend_.sync->WaitUntilApplied(token, index, slice);
      if (!reached && http::PeerGone(caller)) throw Gone();
    } while (!reached && Clock::now() < deadline && !gate_.stopping());
  } catch (const Problem&) {
    throw;
  } catch (const Error& error) {
    if (error.disposition() != Disposition::kReject) throw NoDatabase(error);
    query::Reject("invalid_parameter", "after", std::nullopt,
                  fmt::format("'after': {}", error.what()));
  }
  if (!reached && gate_.stopping()) {
    throw Problem(503, "overloaded", "the service is about to stop").RetryAfter(1);
  }
  if (!reached) {
    throw Problem(504, "sync_wait_timeout",
                  fmt::format("not searchable within {} ms", wait.count()));
  }
}

Problem Service::StillCopied() {
  return Problem(503, "index_not_ready", "the first copy of the index is not complete")
      .RetryAfter(5);
}

Service::Partial Service::BringUp(const ResolvedRequest& asked, const Request& request) {
  const std::string& name = asked.index.plan->name;
  const bool broken = asked.index.state == "broken";  // It serves its last documents.
  if (!asked.request.strong && asked.request.after.empty()) {
    if (broken) return Partial::kBroken;
    const bool filling = asked.index.filling || freshness_.IsFilling(name);
    if (filling && asked.index.plan->config.search.refuse_incomplete) throw StillCopied();
    return filling ? Partial::kBackfilling : Partial::kNo;
  }
  const observe::Span span(observe::SpanKind::kInternal, "wait for the sync", request.traceparent);
  if (backend_.sync != nullptr) {
    if (asked.request.strong) WaitFor(PositionNow(name), name, asked.request.wait, request.socket);
    if (!asked.request.after.empty())
      WaitFor(asked.request.after, name, asked.request.wait, request.socket);
  }
  const std::string& alias = asked.index.alias;
  WithEngine(request.id, [&] { refreshes_.Run(alias, [&] { backend_.engine->Refresh(alias); }); });
  return broken ? Partial::kBroken : Partial::kNo;  // The first copy was waited for.
}

std::string Service::PositionNow(const std::string& index) {
  try {
    SyncState& sync = *backend_.sync;
    if (!index.empty()) return sync.Position(sync.DatabaseOf(index));
    std::string all;
    for (const std::string& name : sync.DatabaseNames()) {
      if (!all.empty()) all += ',';
      all += (name.empty() ? "" : name + ':') + sync.Position(name);
    }
    return all;
  } catch (const Error& error) {
    throw NoDatabase(error);
  }
}

void Service::WithEngine(const std::string& request_id, const std::function<void()>& work) {
  const auto log = [&request_id](const Error& error) {
    observe::Log(observe::Level::kWarn, "api", error.what(), {{"request_id", request_id}});
  };
  try {
    work();
  } catch (const Problem&) {
    throw;
  } catch (const http::Abandoned&) {
    throw Gone();
  } catch (const http::TimedOut& error) {
    log(error);
    throw EngineTimeout();
  } catch (const Error& error) {
    log(error);
    if (error.disposition() == Disposition::kReject) throw Unreadable();
    throw Problem(503, "engine_unavailable", "the search engine cannot be reached now")
        .RetryAfter(1);
  }
}

std::string Service::AskEngine(const std::string& path, const std::string& body,
                               const Request& request, bool missing_is_empty) {
  http::Request call;
  call.method = body.empty() ? "GET" : "POST";
  call.path = path;
  call.body = body;
  if (path == kMultiSearch) call.content_type = "application/x-ndjson";
  call.timeout = std::chrono::seconds(15);
  call.asked_by = request.socket;
  call.headers.emplace_back("X-Opaque-Id", request.id);
  observe::Span span(observe::SpanKind::kClient, call.method + ' ' + ApiOf(path),
                     request.traceparent);
  const std::string traceparent = span.traceparent();
  if (!traceparent.empty()) call.headers.emplace_back("traceparent", traceparent);
  const auto start = std::chrono::steady_clock::now();
  http::Response answer;
  WithEngine(request.id, [&] { answer = backend_.engine->Send(call); });
  engine_seconds_.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  span.Set("http.request.method", call.method);
  span.Set("http.response.status_code", answer.status);
  if (answer.status < 300) {
    WithEngine(request.id, [&] { json::Validate(answer.body, kAnswerDepth); });
    return std::move(answer.body);
  }
  RejectRefusedFacets(answer.body);
  const bool no_index = answer.body.find("index_not_found") != std::string::npos;
  if (answer.status == 404 && missing_is_empty && !no_index) return "";
  observe::Log(observe::Level::kWarn, "api", "the engine refused a request",
               {{"request_id", request.id},
                {"status", std::to_string(answer.status)},
                {"answer", answer.body.substr(0, 1000)}});
  if (answer.status == 404) {
    throw NotReady();
  }
  if (answer.status == 429) {
    throw Problem(503, "overloaded", "the search engine is overloaded").RetryAfter(1);
  }
  if (answer.status == 503 || answer.status == 401 || answer.status == 403) {
    throw NotAvailable();
  }
  if (answer.status == 408 || answer.status == 504) throw EngineTimeout();
  throw Problem(502, "engine_error", "the search engine could not answer");
}

std::vector<std::string> Service::CountAll(const std::vector<IndexInfo>& indexes,
                                           const Access& access, const Request& request) {
  std::string body;
  for (const IndexInfo& index : indexes) {
    body += R"({"index":)" + json::Quote(index.alias) + "}\n" +
            fmt::format(R"({{"size":0,"track_total_hits":true,"query":{}}})",
                        Allowed(index, access).Text()) +
            "\n";
  }
  std::vector<std::string> counts(indexes.size(), "null");
  if (indexes.empty()) return counts;
  try {
    return counts_.Ask(body, [&] {
      Request nobody = request;  // Other callers wait for the answer, too.
      nobody.socket = -1;
      const json::Value answer = query::ParsePart(AskEngine(kMultiSearch, body, nobody));
      const json::Value* responses = answer.Find("responses");
      for (std::size_t i = 0; responses != nullptr && i < responses->items.size(); ++i) {
        const json::Value& one = responses->items[i];
        const json::Value* shards = one.Find("_shards");
        const json::Value* count = one.Find({"hits", "total", "value"});
        const bool whole = shards != nullptr && query::AllAnswered(*shards);
        if (i < counts.size() && whole && count != nullptr && count->AsInt()) {
          counts[i] = count->text;
        }
      }
      return counts;
    });
  } catch (const Error&) {
    return counts;  // The list is still useful.
  }
}

std::string Service::WholeSearch(const IndexInfo& index) {
  return "/" + http::Encode(index.alias) + "/_search?allow_partial_search_results=false";
}

std::string Service::AskCount(const IndexInfo& index, const std::string& body,
                              const Request& request) {
  const json::Value answer =
      query::ParsePart(AskEngine("/" + http::Encode(index.alias) + "/_count", body, request));
  const json::Value* shards = answer.Find("_shards");
  if (shards != nullptr && !query::AllAnswered(*shards)) throw NotAvailable();
  const json::Value* count = answer.Find("count");
  if (count == nullptr || !count->AsInt()) {
    throw Problem(502, "engine_error", "the answer holds no count");
  }
  return count->text;
}

std::string_view Service::NameOf(Partial partial) {
  switch (partial) {
    case Partial::kNo:
      return "";
    case Partial::kShards:
      return "shards";
    case Partial::kBackfilling:
      return "backfilling";
    case Partial::kBroken:
      return "broken";
  }
  return "";
}

std::int64_t Service::LagMs(const std::string& index) const {
  return backend_.sync == nullptr ? 0 : backend_.sync->lag_ms(backend_.sync->DatabaseOf(index));
}

std::string Service::Meta(const ResolvedRequest& asked, const Request& request,
                          Partial partial) const {
  const std::string_view reason = NameOf(partial);
  const std::string why = reason.empty() ? R"("partial":false)"
                                         : fmt::format(R"("partial":true,"reason":"{}")", reason);
  const std::string fallback =
      asked.fallback.empty() ? "" : R"("fallback":)" + json::Quote(asked.fallback) + ",";
  return fmt::format(R"("index":{},{}"lag_ms":{},"request_id":{},{})",
                     json::Quote(asked.index.plan->name), fallback, LagMs(asked.index.plan->name),
                     json::Quote(request.id), why);
}

}  // namespace pgsluice::api
