#pragma once

#include "pgsluice/json/value.h"

namespace pgsluice::json {

/// Returns whether two values mean the same. The order of members does not matter. Numbers are
/// compared as written, because a lost digit is a difference.
bool Equal(const Value& a, const Value& b);

}  // namespace pgsluice::json
