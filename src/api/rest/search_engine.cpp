#include "api/rest/search_engine.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>

#include "api/rest/problems.h"
#include "api/rest/refused_facets.h"
#include "pgsluice/json/validate.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/observe/trace.h"
#include "pgsluice/query/answer.h"

namespace pgsluice::api {

using query::Problem;

namespace {

/// The greatest depth of a document in an answer, plus the levels that the engine adds.
constexpr int kAnswerDepth = 1024;
const std::string kMultiSearch = "/_msearch";

/// Returns "_search" for "/projects/_search?…", and never an id.
std::string ApiOf(const std::string& path) {
  const std::size_t begin = std::min(path.find("/_"), path.size() - 1) + 1;
  return path.substr(begin, path.find_first_of("/?", begin) - begin);
}

/// Runs a function that calls the engine. A failure to connect becomes Problem 503.
void WithEngine(const std::string& request_id, const std::function<void()>& work) {
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
    if (error.disposition() == Disposition::kReject) throw EngineUnreadable();
    throw Problem(503, "engine_unavailable", "the search engine cannot be reached now")
        .RetryAfter(1);
  }
}

}  // namespace

SearchEngine::SearchEngine(const Backend& backend)
    : backend_(backend),
      seconds_(backend.registry.MakeHistogram(
          "pgsluice_search_engine_duration_seconds", "Time the search engine took per request.",
          {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})) {}

std::string SearchEngine::Ask(const std::string& path, const std::string& body,
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
  seconds_.Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
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
  if (answer.status == 404) throw NotReady();
  if (answer.status == 429) {
    throw Problem(503, "overloaded", "the search engine is overloaded").RetryAfter(1);
  }
  const bool unavailable = answer.status == 503 || answer.status == 401 || answer.status == 403;
  if (unavailable) throw EngineUnavailable();
  if (answer.status == 408 || answer.status == 504) throw EngineTimeout();
  throw Problem(502, "engine_error", "the search engine could not answer");
}

std::string SearchEngine::Count(const IndexInfo& index, const std::string& body,
                                const Request& request) {
  const json::Value answer =
      query::ParsePart(Ask("/" + http::Encode(index.alias) + "/_count", body, request));
  const json::Value* shards = answer.Find("_shards");
  if (shards != nullptr && !query::AllAnswered(*shards)) throw EngineUnavailable();
  const json::Value* count = answer.Find("count");
  if (count == nullptr || !count->AsInt()) {
    throw Problem(502, "engine_error", "the answer has no count");
  }
  return count->text;
}

std::vector<std::string> SearchEngine::CountAll(const std::vector<Counted>& indexes,
                                                const Request& request) {
  std::string body;
  for (const Counted& index : indexes) {
    body += R"({"index":)" + json::Quote(index.alias) + "}\n" +
            fmt::format(R"({{"size":0,"track_total_hits":true,"query":{}}})", index.filter.Text()) +
            "\n";
  }
  std::vector<std::string> counts(indexes.size(), "null");
  if (indexes.empty()) return counts;
  try {
    return counts_.Ask(body, [&] {
      Request nobody = request;  // Other callers wait for the answer, too.
      nobody.socket = -1;
      const json::Value answer = query::ParsePart(Ask(kMultiSearch, body, nobody));
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

void SearchEngine::Refresh(const std::vector<std::string>& aliases, const Request& request) {
  std::string name;
  for (const std::string& alias : aliases) name += alias + ',';
  WithEngine(request.id, [&] { refreshes_.Run(name, [&] { backend_.engine->Refresh(aliases); }); });
}

bool SearchEngine::IsOpenSearch(const Request& request) {
  bool opensearch = false;
  WithEngine(request.id, [&] { opensearch = backend_.engine->Detect().opensearch; });
  return opensearch;
}

std::string WholeSearch(const IndexInfo& index) {
  return "/" + http::Encode(index.alias) + "/_search?allow_partial_search_results=false";
}

}  // namespace pgsluice::api
