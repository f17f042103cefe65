#pragma once

#include <string>
#include <vector>

namespace pgsluice::testing {

/// The identifiers of tests/data/names.txt: odd ones that PostgreSQL takes.
std::vector<std::string> OddNames();

}  // namespace pgsluice::testing
