#pragma once

#include <cstddef>
#include <optional>

#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// The engines' limit for a term is 32,766 bytes, and a character takes at most 4.
inline constexpr std::size_t kLongestTerm = 8191;
/// The limit for a value in a flattened field, whose term includes the name of the field.
inline constexpr std::size_t kLongestJsonTerm = 5000;

/// Returns how many characters a value may have to be found as one term; longer values are ignored.
/// Returns nullopt if there is no such limit.
std::optional<std::size_t> LongestTerm(const config::Index& index, const Field& field,
                                       bool opensearch);

}  // namespace pgsluice::plan
