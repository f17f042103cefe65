#include "pgsluice/query/similar.h"

#include <spdlog/fmt/fmt.h>

#include "api/rest/service.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"

/// Finds documents similar to another one.
namespace pgsluice::api {

Response Service::Similar(const Request& request, const Access& access) {
  Response response;
  response.body = RunSimilar(ParseSearch(request, access, query::kSimilarParameters),
                             request.segments[3], request);
  return response;
}

std::string Service::RunSimilar(const ResolvedRequest& asked, const std::string& id,
                                const Request& request) {
  const auto start = std::chrono::steady_clock::now();
  const query::Projection projection(asked.schema, asked.request.fields,
                                     asked.request.numbers_as_strings);
  Partial partial = BringUp(asked, request);
  ResolvedRequest document = asked;  // The filter applies to the similar ones.
  document.request.filter = {};
  const std::string source = SourceOf(document, id, request);
  if (source.empty()) throw NoDocument(id, partial);
  query::SearchInput input = asked.Input();
  input.tuning = {};
  const std::string position = freshness_.Position();
  const std::string answer = AskEngine("/" + http::Encode(asked.index.alias) + "/_search",
                                       query::SimilarBody(input, id, source), request);
  std::string out = "{";
  const query::AnswerFacts facts = query::AppendAnswer(out, answer, input, projection);
  if (facts.partial && partial == Partial::kNo) partial = Partial::kShards;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  return out +
         fmt::format(
             R"(,"page":{{"number":{},"size":{},"next_cursor":null}},"meta":{{{},"took_ms":{},"engine_ms":{},"position":{}}}}})",
             asked.request.page, query::PerPage(input), Meta(asked, request, partial), took.count(),
             facts.engine_ms, json::Quote(position));
}

}  // namespace pgsluice::api
