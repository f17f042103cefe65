#pragma once

#include <string>

#include "pgsluice/query/schema.h"

namespace pgsluice::query {

/// Looks up a field that a parameter names. Throws Problem (unknown_field, or invalid_parameter if
/// the field does not fit).
Resolved Lookup(const Schema& schema, const std::string& path, const std::string& parameter,
                bool (*fits)(const plan::Field&));

}  // namespace pgsluice::query
