#pragma once

#include <string>

#include "pgsluice/query/filter_dsl.h"

namespace pgsluice::query {

/// Returns documents that have a value at the path.
Dsl Present(const Resolved& resolved);
/// Returns the positive form of a comparison (kNe as kEq, kNotIn as kIn, …) on one value. `present`
/// means "any value". Throws Problem invalid_filter for a value or operator that does not fit.
Dsl Positive(const Expr& expr, const Resolved& resolved, const std::string& parameter);

/// Returns values from `from` (included) to `to` (excluded); null: no limit. If a document has
/// several values, one of them must meet both. Throws Problem for a value that does not fit.
Dsl HalfOpen(const Literal* from, const Literal* to, const Resolved& resolved,
             const std::string& parameter);

}  // namespace pgsluice::query
