#include <spdlog/fmt/fmt.h>

#include "api/rest/service.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/hits.h"

/// What `search.fallback` makes of a query that finds nothing.
namespace pgsluice::api {

using query::SearchRequest;

namespace {

/// How many documents each part of `q` finds by itself, as one search.
std::string PartsBody(const query::SearchInput& input, const std::vector<std::string>& parts) {
  SearchRequest request = input.request;
  request.q.clear();
  std::string body =
      query::CountBody({input.schema, request, input.allowed, false, {}, {}, input.tools});
  body.pop_back();
  std::string filters;
  for (const std::string& part : parts) {
    request.q = part;
    const std::string found = query::TextQuery(input.schema, request, input.tools);
    filters += (filters.empty() ? "" : ",") + (found.empty() ? R"({"match_all":{}})" : found);
  }
  return body + R"(,"size":0,"track_total_hits":false,"aggs":{"parts":{"filters":{"filters":[)" +
         filters + "]}}}}";
}

}  // namespace

std::optional<Service::Asked> Service::Fallback(const Asked& asked, const Request& request) {
  const std::string& how = asked.search == nullptr ? asked.index.plan->config.search.fallback
                                                   : asked.search->options.fallback;
  if (how == "none" || asked.request.q.empty() ||
      asked.request.match != SearchRequest::Match::kAll) {
    return std::nullopt;
  }
  Asked other = asked;
  other.fallback = how;
  other.request.match = how == "any" ? SearchRequest::Match::kAny : SearchRequest::Match::kMost;
  if (how == "any") return other;
  const std::vector<std::string> parts = query::PartsOf(asked.request.q);
  const std::string answer =
      AskEngine(WholeSearch(asked.index), PartsBody(asked.Input(), parts), request);
  const json::Value found = query::ParsePart(query::MemberOf(answer, "aggregations"));
  const json::Value* buckets = found.Find({"parts", "buckets"});
  if (buckets == nullptr || buckets->items.size() != parts.size()) return std::nullopt;
  other.request.q.clear();
  bool some = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const json::Value* count = buckets->items[i].Find("doc_count");
    const bool excluded = parts[i].front() == '-';
    if (!excluded && (count == nullptr || count->text == "0")) continue;
    some = some || !excluded;
    other.request.q += (other.request.q.empty() ? "" : " ") + parts[i];
  }
  if (!some) return std::nullopt;
  return other;
}

std::string Service::RunSearch(const Asked& asked, const Request& request,
                               const std::optional<query::HighlightTags>& tags,
                               std::string* timing) {
  bool nothing = false;
  try {
    std::string answer = RunOnce(asked, request, tags, timing, nothing);
    if (!nothing) return answer;
    const auto other = Fallback(asked, request);
    return other ? RunOnce(*other, request, tags, timing, nothing) : answer;
  } catch (const query::Problem& problem) {
    // The cursor of a page that the fallback found belongs to that query.
    if (problem.code() != "invalid_cursor") throw;
    const auto other = Fallback(asked, request);
    if (!other) throw;
    return RunOnce(*other, request, tags, timing, nothing);
  }
}

std::string Service::CountOf(const Asked& asked, const Request& request) {
  const std::string count = AskCount(asked.index, query::CountBody(asked.Input()), request);
  if (count != "0") return count;
  const auto other = Fallback(asked, request);
  return other ? AskCount(asked.index, query::CountBody(other->Input()), request) : count;
}

}  // namespace pgsluice::api
