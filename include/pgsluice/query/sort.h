#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pgsluice/query/request.h"

namespace pgsluice::query {

/// Splits a list of orders at the commas outside parentheses.
std::vector<std::string> SplitSort(const std::string& list);

/// Reads "price:desc:nulls_last", "_score:desc" or "distance(location, 48.1, 11.5):asc". A score
/// is descending if no order is given. Throws Problem invalid_parameter; paths are not looked up.
SearchRequest::Sort ParseSort(const std::string& item, const std::string& parameter,
                              std::optional<std::size_t> offset);

}  // namespace pgsluice::query
