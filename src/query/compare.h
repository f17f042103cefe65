#pragma once

#include <string>

#include "pgsluice/query/filter_dsl.h"

namespace pgsluice::query {

/// Documents that have a value at the path.
Dsl Present(const Resolved& resolved);
/// The positive form of a comparison (kNe as kEq, kNotIn as kIn, …) on one value; `present` stands
/// for "any value". Throws Problem invalid_filter for a value or operator that does not fit.
Dsl Positive(const Expr& expr, const Resolved& resolved, const std::string& parameter);

/// Values from `from` (included) to `to` (excluded); null: without an end. Of several values one
/// meets both. Throws Problem for a value that does not fit.
Dsl HalfOpen(const Literal* from, const Literal* to, const Resolved& resolved,
             const std::string& parameter);

}  // namespace pgsluice::query
