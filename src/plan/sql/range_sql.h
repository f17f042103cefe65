#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// Returns JSON text of a range: {"gte":..,"lt":..} without infinite bounds, {"empty":true} if
/// empty.
std::string RangeSql(const Field& field, const catalog::TypeInfo& range, const std::string& x);

/// Returns a condition (NULL for a NULL range): the engine's range types refuse this value. They
/// have no empty ranges, no years outside 1 to 9999 and no bounds beyond double. They compare after
/// rounding (dates to milliseconds, numbers to double), which may put lower above upper.
std::string RangeRefusedSql(const catalog::TypeInfo& range, const std::string& x);

}  // namespace pgsluice::plan
