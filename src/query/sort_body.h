#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query/search_body.h"

/// By what a search is sorted, as the engine has it.
namespace pgsluice::query {

/// What was asked, else the configured order. Without any: by score if there are scores to sort by,
/// else by id alone.
std::vector<SearchRequest::Sort> SortKeys(const SearchInput& input);
/// The value of "sort". Throws Problem for paths that do not exist or do not fit.
std::string SortJson(const SearchInput& input);

/// Whether a document's score decides about its place, or would be shown.
bool IsScored(const SearchInput& input);

/// Where documents that a rule pins come in.
enum class PinPlace {
  kNone,    ///< Nothing is pinned.
  kScore,   ///< The score comes first: theirs is beyond all others.
  kAhead,   ///< The order knows no score: one is put ahead, which only they have.
  kSorted,  ///< The score is one of several keys: they are found, and stay where it puts them.
};
PinPlace PlaceOfPins(const SearchInput& input);

/// Where the first distance is among the sort values of a hit, and how it is read.
struct DistanceKey {
  std::size_t at = 0;
  bool opposite = false;  ///< Measured from the opposite side of the globe.

  /// Metres, as JSON: null for a document without a place.
  std::string Json(std::string_view sort_values) const;
};
std::optional<DistanceKey> DistanceOf(const SearchInput& input);

}  // namespace pgsluice::query
