#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgsluice::pg {

/// Returns "{1,2,3}" or "{\"a\",\"b\"}", so that one parameter carries a list.
std::string TextArray(const std::vector<std::int64_t>& numbers);
std::string TextArray(const std::vector<std::string>& texts);

}  // namespace pgsluice::pg
