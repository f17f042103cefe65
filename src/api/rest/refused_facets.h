#pragma once

#include <string_view>

namespace pgsluice::api {

/// Throws Problem 400 if the engine refused a search because of a facet that only it can check: an
/// unknown time zone, or more intervals than it counts.
void RejectRefusedFacets(std::string_view engine_answer);

}  // namespace pgsluice::api
