#pragma once

#include <string>

#include "pgsluice/query/filter.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::query {

/// A piece of the engine's query language. "All" and "none" are kept as constants, so that
/// combinations stay small.
struct Dsl {
  enum class Kind { kNone, kAll, kText };
  Kind kind = Kind::kAll;
  std::string text;  ///< kText: one query object.

  std::string Text() const;
};

/// Returns a query for the documents for which `filter` is true in SQL's three-valued logic. Checks
/// every path and value against the schema; throws Problem (unknown_field, invalid_filter).
Dsl TranslateFilter(const Expr& filter, const Schema& schema,
                    const std::string& parameter = "filter");

Dsl AllOf(const std::vector<Dsl>& parts);
Dsl AnyOf(const std::vector<Dsl>& parts);
Dsl Not(const Dsl& part);

}  // namespace pgsluice::query
