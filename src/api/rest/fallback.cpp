#include "api/rest/searcher.h"
#include "pgsluice/query/did_you_mean.h"

/// Applies `search.fallback` to a query that finds nothing.
namespace pgsluice::api {

using query::SearchRequest;

std::optional<ResolvedRequest> Searcher::Fallback(const ResolvedRequest& asked,
                                                  const Request& request) {
  const std::string& how = asked.search == nullptr ? asked.index.plan->config.search.fallback
                                                   : asked.search->options.fallback;
  if (how == "none" || asked.request.q.empty() ||
      asked.request.match != SearchRequest::Match::kAll) {
    return std::nullopt;
  }
  ResolvedRequest other = asked;
  other.fallback = how;
  other.request.match = how == "any" ? SearchRequest::Match::kAny : SearchRequest::Match::kMost;
  if (how == "any") return other;
  const std::vector<std::string> parts = query::PartsOf(asked.request.q);
  const std::vector<std::int64_t> counts = query::ReadCounts(
      engine_.Ask(WholeSearch(asked.index), query::CountEachBody(asked.Input(), parts), request));
  if (counts.size() != parts.size()) return std::nullopt;
  other.request.q.clear();
  bool some = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool excluded = parts[i].front() == '-';
    if (!excluded && counts[i] == 0) continue;
    some = some || !excluded;
    other.request.q += (other.request.q.empty() ? "" : " ") + parts[i];
  }
  if (!some) return std::nullopt;
  return other;
}

std::string Searcher::Run(const ResolvedRequest& asked, const Request& request,
                          const std::optional<query::HighlightTags>& tags, std::string* timing) {
  bool nothing = false;
  try {
    std::string answer = RunOnce(asked, request, tags, timing, nothing);
    if (!nothing) return answer;
    const auto other = Fallback(asked, request);
    if (other) answer = RunOnce(*other, request, tags, timing, nothing);
    const bool proposes = nothing && !tags && !asked.request.with_sort;
    return proposes ? WithProposal(std::move(answer), asked, request) : answer;
  } catch (const query::Problem& problem) {
    // A cursor of a page that the fallback found belongs to the fallback's query.
    if (problem.code() != "invalid_cursor") throw;
    const auto other = Fallback(asked, request);
    if (!other) throw;
    return RunOnce(*other, request, tags, timing, nothing);
  }
}

std::string Searcher::CountOf(const ResolvedRequest& asked, const Request& request) {
  const std::string count = engine_.Count(asked.index, query::CountBody(asked.Input()), request);
  if (count != "0") return count;
  const auto other = Fallback(asked, request);
  return other ? engine_.Count(asked.index, query::CountBody(other->Input()), request) : count;
}

}  // namespace pgsluice::api
