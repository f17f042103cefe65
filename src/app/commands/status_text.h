#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "pgsluice/json/value.h"

namespace pgsluice::app {

/// The status (CONTRACT: `status --json`) for a person: what is wrong and what to do comes first.
void PrintStatus(const json::Value& status, std::ostream& out);

/// 90 min of milliseconds as "1 h 30 min", 12 as "12 ms".
std::string Duration(std::int64_t ms);

}  // namespace pgsluice::app
