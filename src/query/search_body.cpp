#include "pgsluice/query/search_body.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/engine_path.h"
#include "pgsluice/query/distinct.h"
#include "pgsluice/query/problem.h"
#include "query/lookup.h"
#include "query/sort_body.h"
#include "query/tuned_query.h"

namespace pgsluice::query {

namespace {

std::vector<Dsl> Selections(const SearchInput& input) {
  std::vector<Dsl> selections;
  for (const auto& selection : input.request.selections) {
    Lookup(input.schema, selection.path, selection.parameter, IsFacetable);
    Expr expr;
    expr.kind = Expr::Kind::kPredicate;
    expr.op = Op::kIn;
    expr.path = selection.path;
    expr.values = selection.values;
    selections.push_back(TranslateFilter(expr, input.schema, selection.parameter));
  }
  return selections;
}

/// Returns the query. `ranked`: hits are wanted, not only their number.
std::string Query(const SearchInput& input, const Dsl& more, bool ranked) {
  const Dsl filter =
      AllOf({input.allowed, TranslateFilter(input.request.filter, input.schema), more});
  const std::string text = TextQuery(input.schema, input.request, input.tools);
  if (IsTuned(input, ranked)) return TunedQuery(input, filter, text, ranked);
  std::string out = R"({"bool":{"filter":[)" + filter.Text() + "]";
  if (!text.empty()) out += R"(,"must":[)" + text + "]";
  return out + "}}";
}

std::string Highlight(const SearchInput& input) {
  std::string fields;
  for (const std::string& path : input.request.highlight) {
    Lookup(input.schema, path, "highlight", IsSearchable);
    if (plan::IsPattern(path)) {
      Reject("unknown_field", "highlight", std::nullopt,
             fmt::format("'{}' cannot be highlighted, because the engine reads its name as a "
                         "pattern; give the field another name with \"rename\"",
                         path));
    }
    if (!fields.empty()) {
      fields += ',';
    }
    fields += json::Quote(path) + ":{}";
  }
  SearchRequest text = input.request;
  text.q_fields.clear();
  for (const std::string& path : input.request.highlight) text.q_fields.emplace_back(path, 1);
  text.match = SearchRequest::Match::kAny;
  const std::string query = TextQuery(input.schema, text, input.tools);
  if (fields.empty() || query.empty()) return "";
  const std::string style =
      !input.tags
          ? fmt::format(
                R"("encoder":"html","number_of_fragments":{},"fragment_size":{},"pre_tags":["<{}>"],"post_tags":["</{}>"])",
                input.request.highlight_fragments, input.request.highlight_size,
                input.request.highlight_tag, input.request.highlight_tag)
          : fmt::format(
                R"("encoder":"default","number_of_fragments":0,"pre_tags":[{}],"post_tags":[{}])",
                json::Quote(input.tags->before), json::Quote(input.tags->behind));
  return fmt::format(
      R"(,"highlight":{{{},"require_field_match":false,"{}":1000000,"highlight_query":{},"fields":{{{}}}}})",
      style, input.opensearch ? "max_analyzer_offset" : "max_analyzed_offset", query, fields);
}

std::string Aggregations(const SearchInput& input, const std::vector<Dsl>& selections) {
  std::string out;
  for (std::size_t i = 0; i < input.request.facets.size(); ++i) {
    const auto& facet = input.request.facets[i];
    std::vector<Dsl> others;
    for (std::size_t k = 0; k < selections.size(); ++k) {
      if (input.request.selections[k].path != facet.path) others.push_back(selections[k]);
    }
    out += fmt::format(
        R"({}"f{}":{})", i > 0 ? "," : "", i,
        FacetAggregation(input.schema, facet, AllOf(others), {.distinct = GroupCount(input)}));
  }
  const std::string groups = GroupsAggregation(input, AllOf(selections));
  if (!groups.empty()) out += (out.empty() ? "" : ",") + groups;
  return out.empty() ? "" : R"(,"aggs":{)" + out + "}";
}

}  // namespace

int PerPage(const SearchInput& input) {
  return input.request.per_page.value_or(input.schema.plan().config.search.per_page);
}

std::string SearchBody(const SearchInput& input) {
  const SearchRequest& request = input.request;
  const int size = PerPage(input);
  if (request.page * size > 10000) {
    Reject("limit_exceeded", "page", std::nullopt,
           "page * per_page is at most 10000; use 'cursor' to continue");
  }
  const std::vector<Dsl> selections = Selections(input);
  std::string out = R"({"query":)" + Query(input, {}, true);
  const Dsl selected = AllOf(selections);
  if (selected.kind != Dsl::Kind::kAll) out += R"(,"post_filter":)" + selected.Text();
  out += CollapseJson(input) + Aggregations(input, selections);
  out += R"(,"sort":)" + SortJson(input);
  out += fmt::format(R"(,"size":{},"track_scores":{})", size, IsScored(input) ? "true" : "false");
  if (request.explain) out += R"(,"explain":true)";
  if (input.after.empty()) {
    const int from = request.offset.value_or((request.page - 1) * size);
    out += fmt::format(R"(,"from":{})", input.skip > 0 ? input.skip : from);
  } else {
    out += R"(,"search_after":)" + input.after;
  }
  out += R"(,"track_total_hits":)";
  out += request.count == SearchRequest::Count::kExact       ? "true"
         : request.count == SearchRequest::Count::kEstimated ? "10000"
                                                             : "false";
  return out + Highlight(input) + R"(,"timeout":"10s","_source":true})";
}

std::string CountBody(const SearchInput& input) {
  return R"({"query":)" + Query(input, AllOf(Selections(input)), false) + "}";
}

}  // namespace pgsluice::query
