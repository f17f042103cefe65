#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgsluice::pg {

/// "{1,2,3}", "{\"a\",\"b\"}": how a list travels to the server as one parameter.
std::string TextArray(const std::vector<std::int64_t>& numbers);
std::string TextArray(const std::vector<std::string>& texts);

}  // namespace pgsluice::pg
