#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "pgsluice/json/value.h"

namespace pgsluice::app {

/// Prints the JSON of `status --json` for a person: what is wrong and what to do come first.
void PrintStatus(const json::Value& status, std::ostream& out);

/// Returns 90 min, given in milliseconds, as "1 h 30 min"; 12 as "12 ms".
std::string Duration(std::int64_t ms);

}  // namespace pgsluice::app
