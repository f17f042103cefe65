#include "pgsluice/query/did_you_mean.h"
#include "api/rest/searcher.h"
#include "pgsluice/json/writer.h"

/// Proposes another query in an answer without hits.
namespace pgsluice::api {

std::optional<std::string> Searcher::Proposal(const ResolvedRequest& asked,
                                              const Request& request) {
  const std::vector<std::string> parts = query::MisspeltParts(asked.request.q);
  if (parts.empty()) return std::nullopt;
  const query::SearchInput input = asked.Input();
  const std::string path = WholeSearch(asked.index);
  const std::vector<std::string> proposals =
      query::Proposals(engine_.Ask(path, query::CloseWordsBody(input, parts), request), parts);
  if (proposals.empty()) return std::nullopt;
  const std::vector<std::int64_t> counts =
      query::ReadCounts(engine_.Ask(path, query::CountEachBody(input, proposals), request));
  for (std::size_t i = 0; i < counts.size() && i < proposals.size(); ++i) {
    if (counts[i] > 0) return proposals[i];
  }
  return std::nullopt;
}

std::string Searcher::WithProposal(std::string answer, const ResolvedRequest& asked,
                                   const Request& request) {
  const query::SearchRequest& search = asked.request;
  if (search.page > 1 || !search.cursor.empty() || search.offset) return answer;
  try {
    const std::optional<std::string> proposal = Proposal(asked, request);
    if (!proposal) return answer;
    answer.pop_back();
    return answer + R"(,"did_you_mean":{"q":)" + json::Quote(*proposal) + "}}";
  } catch (const query::Problem&) {
    return answer;  // The answer is correct without it; the refusal was logged.
  }
}

}  // namespace pgsluice::api
