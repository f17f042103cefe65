#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// JSON text of a range: {"gte":..,"lt":..}, infinite bounds left out, {"empty":true} when empty.
std::string RangeSql(const Field& field, const catalog::TypeInfo& range, const std::string& x);

/// Condition (NULL for a NULL range): the engine's range types refuse this value. They know no
/// empty ranges, no years outside 1 to 9999, no bounds beyond double, and compare after rounding
/// (dates to milliseconds, numbers to double), where lower may pass upper.
std::string RangeRefusedSql(const catalog::TypeInfo& range, const std::string& x);

}  // namespace pgsluice::plan
