#include "plan/sql/range_sql.h"

#include <spdlog/fmt/fmt.h>

#include "plan/sql/typed_sql.h"
#include "plan/sql/value_sql.h"

namespace pgsluice::plan {

namespace {

bool IsTime(const catalog::TypeInfo& bound) {
  return bound.base == "date" || bound.base == "timestamp" || bound.base == "timestamptz";
}

std::string BoundSql(const Field& field, const catalog::TypeInfo& range, const std::string& x,
                     const char* side, const char* inclusive, const char* exclusive) {
  const catalog::TypeInfo& bound = *range.element;
  std::string there = fmt::format("NOT {}_inf({})", side, x);
  const std::string value = fmt::format("{}({})", side, x);
  if (IsTime(bound)) there += fmt::format(" AND isfinite({})", TypedSql(bound, value));
  return fmt::format(
      "CASE WHEN {} THEN concat(CASE WHEN {}_inc({}) THEN ',\"{}\":' ELSE ',\"{}\":' END, {}) END",
      there, side, x, inclusive, exclusive, JsonSql(field, bound, value));
}

std::string NumericRefused(const std::string& x) {
  const auto wild = [&](const char* side) {
    return fmt::format(
        "NOT coalesce(abs({0}({1})) < 1e300 AND scale({0}({1})) < 300, {0}_inf({1}))", side, x);
  };
  return fmt::format(
      "CASE WHEN isempty({0}) OR {1} OR {2} THEN true WHEN lower_inf({0}) OR upper_inf({0}) OR "
      "(lower_inc({0}) AND upper_inc({0})) THEN false ELSE upper({0}) - lower({0}) <= 1e-15 * "
      "greatest(abs(lower({0})), abs(upper({0}))) END",
      x, wild("lower"), wild("upper"));
}

std::string TimeRefused(const catalog::TypeInfo& bound, const std::string& x) {
  const auto wild = [&](const char* side) {
    return fmt::format(
        "coalesce(isfinite({0}({1})) AND ({0}({1}) < '0001-01-01'::{2} OR {0}({1}) >= "
        "'9999-12-31'::{2}), false)",
        side, x, bound.base);
  };
  std::string narrow = "false";
  if (bound.base != "date") {
    narrow = fmt::format(
        "date_trunc('milliseconds', upper({0})) - date_trunc('milliseconds', lower({0})) < "
        "((NOT lower_inc({0}))::int + (NOT upper_inc({0}))::int) * interval '1 millisecond'",
        x);
  }
  return fmt::format(
      "CASE WHEN isempty({0}) OR {1} OR {2} THEN true WHEN lower_inf({0}) OR upper_inf({0}) OR NOT "
      "isfinite(lower({0})) OR NOT isfinite(upper({0})) THEN false ELSE {3} END",
      x, wild("lower"), wild("upper"), narrow);
}

}  // namespace

std::string RangeSql(const Field& field, const catalog::TypeInfo& range, const std::string& x) {
  return fmt::format(
      "CASE WHEN {0} IS NULL THEN NULL WHEN isempty({0}) THEN '{{\"empty\":true}}' ELSE "
      "concat('{{', substr(concat({1}, {2}), 2), '}}') END",
      x, BoundSql(field, range, x, "lower", "gte", "gt"),
      BoundSql(field, range, x, "upper", "lte", "lt"));
}

std::string RangeRefusedSql(const catalog::TypeInfo& range, const std::string& x) {
  if (range.element == nullptr || range.element->domain) return fmt::format("isempty({})", x);
  if (range.element->base == "numeric") return NumericRefused(x);
  if (IsTime(*range.element)) return TimeRefused(*range.element, x);
  return fmt::format("isempty({})", x);
}

}  // namespace pgsluice::plan
