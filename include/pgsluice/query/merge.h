#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/json/value.h"
#include "pgsluice/query/request.h"

/// Combines several answers into one list.
namespace pgsluice::query {

/// How the lists are ranked against each other.
enum class MergeBy {
  kScore,  ///< By score times weight.
  kPlace,  ///< By weight and place, because without `q` there is no score.
  kSort,   ///< By the sort values, which all lists have.
};

struct MergedHit {
  std::string_view json;  ///< As AppendAnswer() wrote it, without its sort values.
  double score = 0;
  std::vector<json::Value> sort;
};
/// The hits of one search, in its order.
struct MergedList {
  double weight = 1;
  std::vector<MergedHit> hits;
};

/// Reads the hits of an answer whose request had `with_sort`.
std::vector<MergedHit> ReadMergedHits(std::string_view answer);

/// Returns the first `limit` hits of all lists as (list, hit). Each list keeps its own order; if
/// two hits are equal, the one of the earlier list comes first.
std::vector<std::pair<std::size_t, std::size_t>> Merge(const std::vector<MergedList>& lists,
                                                       MergeBy by,
                                                       const std::vector<SearchRequest::Sort>& keys,
                                                       std::size_t limit);

}  // namespace pgsluice::query
