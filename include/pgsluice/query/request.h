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

/// What a caller asks of an index; the same from GET parameters and from a JSON body. Paths are not
/// yet looked up.
struct SearchRequest {
  enum class Match { kAll, kAny, kMost };
  enum class Count { kEstimated, kExact, kNone };
  struct Sort {
    enum class By { kField, kScore, kDistance };
    std::string path;
    bool descending = false;
    bool nulls_first = false;
    By by = By::kField;
    double lat = 0, lon = 0;  ///< kDistance: from where.
  };
  using Facet = query::Facet;
  struct Selection {
    std::string path;
    std::vector<Literal> values;
    std::string parameter = "facet_filters";  ///< As the caller named it.
  };

  std::string q;
  std::vector<std::pair<std::string, double>> q_fields;
  std::string q_fields_parameter = "q.fields";  ///< As the caller named it.
  Match match = Match::kAll;
  int typos = -1;  ///< -1: auto; 0 to 2.
  bool prefix = true;
  Expr filter;  ///< All filters, AND.
  std::vector<Facet> facets;
  std::vector<Selection> selections;  ///< facet_filters.
  std::string distinct;               ///< One hit per value of this field.
  std::vector<Sort> sort;
  int page = 1;
  std::optional<int> per_page;
  std::optional<int> offset;  ///< In place of `page`: how many hits are left out before.
  std::string cursor;
  std::vector<std::string> fields, highlight;
  int highlight_fragments = 5;  ///< 0: the whole text.
  int highlight_size = 100;     ///< Characters of a fragment.
  std::string highlight_tag = "em";
  Count count = Count::kEstimated;
  bool explain = false;  ///< Each hit says how it came by its place.
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
  bool has_ids = false;  ///< Given, perhaps as an empty list.
  /// Each hit of the answer ends with its sort values; for lists that are merged.
  bool with_sort = false;
};

/// Which parameters an endpoint knows, by name as in a JSON body.
using ParameterNames = std::vector<std::string_view>;
extern const ParameterNames kSearchParameters, kCountParameters, kDocumentParameters,
    kMultiGetParameters, kSuggestParameters, kFacetParameters, kExportParameters,
    kSimilarParameters;

using Parameters = std::vector<std::pair<std::string, std::string>>;  ///< Decoded, in order.

/// Leaves the first of those items that have the same key: engines refuse a name given twice.
template <typename Item, typename Key>
void DropRepeated(std::vector<Item>& items, const Key& key) {
  std::set<std::string> seen;
  std::erase_if(items, [&](const Item& item) { return !seen.insert(key(item)).second; });
}

/// Throw Problem (unknown_parameter, invalid_parameter, limit_exceeded, invalid_filter).
SearchRequest ReadParameters(const Parameters& parameters, const ParameterNames& known);
SearchRequest ReadBody(const json::Value& body, const ParameterNames& known);

}  // namespace pgsluice::query
