#pragma once

#include <string>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {

/// Sets kind, engine_type, pg_type, array, labels and vector_dimensions of `field` from a column's
/// type. Answers false when nobody knows the type: it is then indexed as its text.
bool ApplyType(const catalog::TypeInfo& type, Field& field);

/// Lets the engine type a user asked for decide the kind ("geo_point", "keyword", …).
void ApplyEngineType(const std::string& engine_type, Field& field);

/// The innermost element type of an array; the type itself otherwise.
const catalog::TypeInfo& ElementOf(const catalog::TypeInfo& type);

bool IsInteger(const catalog::TypeInfo& type);

/// Whether equal values of this type always have equal texts (false for numeric, citext, …).
bool EqualMeansSameText(const catalog::TypeInfo& type);

/// Whether values can be compared with `=` and hashed by every supported server.
bool Hashable(const catalog::TypeInfo& type);

}  // namespace pgsluice::plan
