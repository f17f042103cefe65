#pragma once

#include <string>
#include <vector>

namespace pgsluice::testing {

/// Returns the identifiers of tests/data/names.txt: unusual ones that PostgreSQL accepts.
std::vector<std::string> OddNames();

}  // namespace pgsluice::testing
