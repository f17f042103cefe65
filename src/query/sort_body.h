#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query/search_body.h"

/// The sort order of a search, in the engine's form.
namespace pgsluice::query {

/// Returns the requested order, or else the configured one. Without any, sorts by score if there
/// are scores, or else by id alone.
std::vector<SearchRequest::Sort> SortKeys(const SearchInput& input);
/// Returns the value of "sort". Throws Problem for paths that do not exist or do not fit.
std::string SortJson(const SearchInput& input);

/// Returns whether a document's score affects its place or is shown.
bool IsScored(const SearchInput& input);

/// Where documents that a rule pins are placed.
enum class PinPlace {
  kNone,    ///< Nothing is pinned.
  kScore,   ///< The score comes first: theirs is above all others.
  kAhead,   ///< The order does not use the score, so one that only they have is put first.
  kSorted,  ///< The score is one of several keys: they are found, and stay where the order puts
            ///< them.
};
PinPlace PlaceOfPins(const SearchInput& input);

/// The position of the first distance among the sort values of a hit, and how to read it.
struct DistanceKey {
  std::size_t at = 0;
  bool opposite = false;  ///< Measured from the opposite side of the globe.

  /// Returns metres as JSON; null for a document without a place.
  std::string Json(std::string_view sort_values) const;
};
std::optional<DistanceKey> DistanceOf(const SearchInput& input);

}  // namespace pgsluice::query
