#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// Sets kind, engine_type, pg_type, array, labels and vector_dimensions of `field` from a column's
/// type. Returns false if the type is unknown; it is then indexed as its text.
bool ApplyType(const catalog::TypeInfo& type, Field& field);

/// Lets the engine type that a user configured decide the kind ("geo_point", "keyword", …).
void ApplyEngineType(const std::string& engine_type, Field& field);

/// Returns the innermost element type of an array; otherwise the type itself.
const catalog::TypeInfo& ElementOf(const catalog::TypeInfo& type);

bool IsInteger(const catalog::TypeInfo& type);

/// Returns whether equal values of this type always have equal texts (false for numeric, citext,
/// …).
bool EqualMeansSameText(const catalog::TypeInfo& type);

/// Returns whether every supported server can compare values with `=` and hash them.
bool Hashable(const catalog::TypeInfo& type);

}  // namespace pgsluice::plan
