#pragma once

#include "pgsluice/json/value.h"

namespace pgsluice::json {

/// Whether two values mean the same: the order of members does not matter; numbers are compared as
/// written, because a digit that was lost is a difference.
bool Equal(const Value& a, const Value& b);

}  // namespace pgsluice::json
