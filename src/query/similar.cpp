#include "pgsluice/query/similar.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/engine_path.h"
#include "pgsluice/query/answer.h"
#include "pgsluice/query/problem.h"
#include "query/json_cursor.h"

namespace pgsluice::query {

namespace {

constexpr std::size_t kMostFields = 20, kMostTexts = 50, kMostBytes = 20000;

std::string Unescaped(std::string_view name) {
  if (name.find('\\') == std::string_view::npos) return std::string(name);
  return ParsePart('"' + std::string(name) + '"').text;
}

/// Collects the texts at a path of a document, from all elements of lists.
void Collect(std::string_view value, std::string_view path, std::vector<std::string>& texts) {
  JsonCursor cursor(value);
  if (cursor.Enter('[')) {
    while (cursor.NextItem()) Collect(cursor.Skip(), path, texts);
    return;
  }
  if (path.empty()) {
    if (cursor.Peek() == '"' && texts.size() < kMostTexts) texts.push_back(ParsePart(value).text);
    return;
  }
  if (!cursor.Enter('{')) return;
  // Names may contain dots, so each member that the path begins with is followed.
  std::string_view raw;
  while (cursor.NextMember(raw)) {
    const std::string name = Unescaped(raw);
    const std::string_view member = cursor.Skip();
    if (path.substr(0, name.size()) != name) continue;
    const std::string_view rest = path.substr(name.size());
    if (rest.empty()) Collect(member, rest, texts);
    if (!rest.empty() && rest.front() == '.') Collect(member, rest.substr(1), texts);
  }
}

/// Returns as much of the texts as is useful. A truncated word does no harm.
std::string Like(const std::vector<std::string>& texts) {
  std::string list;
  std::size_t bytes = 0;
  for (const std::string& text : texts) {
    if (bytes > kMostBytes) break;
    std::size_t end = std::min(text.size(), kMostBytes);
    while (end < text.size() && end > 0 &&
           (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      --end;
    }
    bytes += end;
    list += (list.empty() ? "" : ",") + json::Quote(text.substr(0, end));
  }
  return list;
}

double WeightOf(const plan::Field& field, const config::Search& search) {
  if (search.fields.empty()) return 1;
  for (const auto& [path, weight] : search.fields) {
    if (path == field.path) return weight;
  }
  return 0;
}

/// Returns a query on one field. Words that no other document has do not count, because they cannot
/// show similarity.
std::string LikeOneField(const plan::Field& field, const std::string& texts, double weight) {
  const std::string query = fmt::format(
      R"({{"more_like_this":{{"fields":[{}],"like":[{}],"min_term_freq":1,"min_doc_freq":2,"max_query_terms":25,"minimum_should_match":"20%","boost":{}}}}})",
      json::Quote(plan::EnginePath(field.path)), texts, weight);
  if (field.nested_path.empty()) return query;
  return fmt::format(R"({{"nested":{{"path":{},"score_mode":"max","query":{}}}}})",
                     json::Quote(field.nested_path), query);
}

std::string LikeAllFields(const SearchInput& input, std::string_view document) {
  const TextTools tools = input.tools.Or(input.schema.plan().config.search);
  std::string queries;
  std::size_t fields = 0;
  for (const plan::Field* field : input.schema.fields()) {
    const double weight = WeightOf(*field, *tools.search);
    if (!IsSearchable(*field) || weight <= 0 || fields == kMostFields) continue;
    std::vector<std::string> texts;
    Collect(document, field->path, texts);
    if (texts.empty()) continue;
    ++fields;
    queries += (queries.empty() ? "" : ",") + LikeOneField(*field, Like(texts), weight);
  }
  if (queries.empty()) return R"({"match_none":{}})";
  return R"({"bool":{"should":[)" + queries + R"(],"minimum_should_match":1}})";
}

}  // namespace

std::string SimilarBody(const SearchInput& input, const std::string& id,
                        std::string_view document) {
  const SearchRequest& request = input.request;
  const int size = PerPage(input);
  if (request.page * size > 10000) {
    Reject("limit_exceeded", "page", std::nullopt, "page * per_page is at most 10000");
  }
  const Dsl filter = AllOf({input.allowed, TranslateFilter(request.filter, input.schema)});
  const char* total = request.count == SearchRequest::Count::kExact       ? "true"
                      : request.count == SearchRequest::Count::kEstimated ? "10000"
                                                                          : "false";
  return fmt::format(
      R"({{"query":{{"bool":{{"filter":[{}],"must_not":[{{"ids":{{"values":[{}]}}}}],"must":[{}]}}}},"sort":[{{"_score":"desc"}},{{"__id":"asc"}}],"size":{},"from":{},"track_scores":true,"track_total_hits":{},"timeout":"10s","_source":true}})",
      filter.Text(), json::Quote(id), LikeAllFields(input, document), size,
      (request.page - 1) * size, total);
}

}  // namespace pgsluice::query
