#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/json/value.h"
#include "pgsluice/query/facet_request.h"
#include "pgsluice/query/filter.h"

namespace pgsluice::query {

/// What a caller asks of an index; the same for GET parameters and for a JSON body. Paths have not
/// been looked up.
struct SearchRequest {
  enum class Match { kAll, kAny, kMost };
  enum class Count { kEstimated, kExact, kNone };
  struct Sort {
    enum class By { kField, kScore, kDistance };
    std::string path;
    bool descending = false;
    bool nulls_first = false;
    By by = By::kField;
    double lat = 0, lon = 0;  ///< kDistance: the point to measure from.
  };
  using Facet = query::Facet;
  struct Selection {
    std::string path;
    std::vector<Literal> values;
    std::string parameter = "facet_filters";  ///< The caller's name for it.
  };

  std::string q;
  std::vector<std::pair<std::string, double>> q_fields;
  std::string q_fields_parameter = "q.fields";  ///< The caller's name for it.
  Match match = Match::kAll;
  int typos = -1;  ///< -1: auto; 0 to 2.
  bool prefix = true;
  Expr filter;  ///< All filters, combined with AND.
  std::vector<Facet> facets;
  std::vector<Selection> selections;  ///< facet_filters.
  std::string distinct;               ///< At most one hit per value of this field.
  std::vector<Sort> sort;
  int page = 1;
  std::optional<int> per_page;
  std::optional<int> offset;  ///< Instead of `page`: how many hits to skip.
  std::string cursor;
  std::vector<std::string> fields, highlight;
  int highlight_fragments = 5;  ///< 0: the whole text.
  int highlight_size = 100;     ///< Characters of a fragment.
  std::string highlight_tag = "em";
  Count count = Count::kEstimated;
  bool explain = false;  ///< Explain each hit's score.
  bool use_rules = true;
  bool strong = false;
  std::string after;
  std::chrono::milliseconds wait{2000};
  bool numbers_as_strings = false;
  // suggest and facets/{field}
  std::string field;
  int size = 10;
  // mget
  std::vector<std::string> ids;
  bool has_ids = false;  ///< Given, possibly as an empty list.
  /// Append the sort values to each hit, for lists that are merged.
  bool with_sort = false;
};

/// The parameters that an endpoint accepts, named as in a JSON body.
using ParameterNames = std::vector<std::string_view>;
extern const ParameterNames kSearchParameters, kCountParameters, kDocumentParameters,
    kMultiGetParameters, kSuggestParameters, kFacetParameters, kExportParameters,
    kSimilarParameters;

using Parameters = std::vector<std::pair<std::string, std::string>>;  ///< Decoded, in order.

/// Keeps the first of several items with the same key, because engines refuse a repeated name.
template <typename Item, typename Key>
void DropRepeated(std::vector<Item>& items, const Key& key) {
  std::set<std::string> seen;
  std::erase_if(items, [&](const Item& item) { return !seen.insert(key(item)).second; });
}

/// Throw Problem (unknown_parameter, invalid_parameter, limit_exceeded, invalid_filter).
SearchRequest ReadParameters(const Parameters& parameters, const ParameterNames& known);
SearchRequest ReadBody(const json::Value& body, const ParameterNames& known);

}  // namespace pgsluice::query
