#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "api/instantsearch/instantsearch.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/query/problem.h"

/// Lists which parameters of the Algolia search API are supported. Each either has its documented
/// effect or is refused by name, because ignoring a filter or a list of attributes would show too
/// much.
namespace pgsluice::api {

namespace {

using json::Value;

/// Supported parameters, and those that by their documentation do not change our answers.
constexpr std::array<std::string_view, 40> kWork = {"query",
                                                    "filters",
                                                    "facetFilters",
                                                    "numericFilters",
                                                    "facets",
                                                    "maxValuesPerFacet",
                                                    "maxFacetHits",
                                                    "sortFacetValuesBy",
                                                    "page",
                                                    "hitsPerPage",
                                                    "offset",
                                                    "length",
                                                    "attributesToRetrieve",
                                                    "attributesToHighlight",
                                                    "highlightPreTag",
                                                    "highlightPostTag",
                                                    "restrictSearchableAttributes",
                                                    "typoTolerance",
                                                    "queryType",
                                                    "advancedSyntax",
                                                    "facetQuery",
                                                    "facetName",
                                                    "facet",
                                                    "indexName",
                                                    "type",
                                                    "params",
                                                    "snippetEllipsisText",
                                                    "analytics",
                                                    "analyticsTags",
                                                    "percentileComputation",
                                                    "enableABTest",
                                                    "userToken",
                                                    "enableReRanking",
                                                    "enableRules",
                                                    "clickAnalytics",
                                                    "aroundLatLng",
                                                    "aroundRadius",
                                                    "insideBoundingBox",
                                                    "insidePolygon",
                                                    "x-algolia-agent"};

/// Other parameters are accepted with the value that matches what we do anyway.
struct OnlyAs {
  std::string_view name;
  std::string_view values;  ///< Separated by commas.
};
constexpr std::array<OnlyAs, 22> kOnlyAs = {
    OnlyAs{"facetingAfterDistinct", "false"},
    OnlyAs{"distinct", "false,0"},
    OnlyAs{"sumOrFiltersScores", "false"},
    OnlyAs{"aroundLatLngViaIP", "false"},
    OnlyAs{"getRankingInfo", "false"},
    OnlyAs{"synonyms", "true"},
    OnlyAs{"enablePersonalization", "false"},
    OnlyAs{"ignorePlurals", "false"},
    OnlyAs{"removeStopWords", "false"},
    OnlyAs{"decompoundQuery", "false"},
    OnlyAs{"allowTyposOnNumericTokens", "false"},
    OnlyAs{"removeWordsIfNoResults", "none"},
    OnlyAs{"mode", "keywordSearch"},
    OnlyAs{"restrictHighlightAndSnippetArrays", "false"},
    OnlyAs{"replaceSynonymsInHighlight", "false"},
    OnlyAs{"responseFields", "*"},
    OnlyAs{"minProximity", "1"},
    OnlyAs{"attributeCriteriaComputedByMinProximity", "false"},
    OnlyAs{"advancedSyntaxFeatures", "exactPhrase,excludeWords"},
    OnlyAs{"relevancyStrictness", "100"},
    OnlyAs{"personalizationImpact", "0"},
    OnlyAs{"facetingMode", "default"}};

bool IsEmpty(const Value& value) {
  return value.IsNull() || (value.IsString() && (value.text.empty() || value.text == "[]")) ||
         (value.IsArray() && std::all_of(value.items.begin(), value.items.end(), IsEmpty)) ||
         (value.IsObject() && value.members.empty());
}

bool IsOneOf(const std::string& text, std::string_view values) {
  while (!text.empty()) {
    const std::size_t end = std::min(values.find(','), values.size());
    if (values.substr(0, end) == text) return true;
    if (end == values.size()) return false;
    values.remove_prefix(end + 1);
  }
  return false;
}

bool Means(const Value& value, std::string_view values) {
  if (value.IsArray()) {
    return std::all_of(value.items.begin(), value.items.end(),
                       [&](const Value& item) { return Means(item, values); });
  }
  if (value.IsBool()) return IsOneOf(value.boolean ? "true" : "false", values);
  return IsOneOf(value.text, values);
}

}  // namespace

void CheckInstant(const Value& params) {
  for (const auto& member : params.members) {
    const std::string& name = member.first;
    const Value& value = member.second;
    if (std::find(kWork.begin(), kWork.end(), name) != kWork.end() || IsEmpty(value)) continue;
    const auto only = std::find_if(kOnlyAs.begin(), kOnlyAs.end(),
                                   [&](const OnlyAs& known) { return known.name == name; });
    if (only == kOnlyAs.end()) {
      query::Reject("unknown_parameter", name, std::nullopt,
                    fmt::format("'{}' is not supported here", name));
    }
    if (!Means(value, only->values)) {
      query::Reject("invalid_parameter", name, std::nullopt,
                    fmt::format("'{}' can only be {} here", name, only->values));
    }
  }
}

}  // namespace pgsluice::api
