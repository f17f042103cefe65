#pragma once

#include <cstddef>
#include <optional>

#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// 32,766 bytes is the engines' limit for a term; a character takes at most 4.
inline constexpr std::size_t kLongestTerm = 8191;
/// Of a value under a flattened field, with the field's name before it.
inline constexpr std::size_t kLongestJsonTerm = 5000;

/// How many characters of a value a search can find as one term; longer values are left out. None
/// if there is no such limit.
std::optional<std::size_t> LongestTerm(const config::Index& index, const Field& field,
                                       bool opensearch);

}  // namespace pgsluice::plan
