#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pgsluice/query/filter_dsl.h"

namespace pgsluice::query {

/// Returns points inside a box (two corners: top left, bottom right) or inside a polygon, given as
/// lat, lon. Both may cross the date line.
Dsl WithinCorners(const std::vector<std::pair<double, double>>& corners, const std::string& path);

}  // namespace pgsluice::query
