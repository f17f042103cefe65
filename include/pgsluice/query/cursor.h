#pragma once

#include <string>
#include <string_view>

#include "pgsluice/base/digest.h"

namespace pgsluice::query {

/// "<payload>.<mac>" in base64url. `binding` is everything the cursor belongs to (index, query,
/// sort, caller); `key` is secret.
std::string SealCursor(std::string_view sort_values, std::string_view binding,
                       const base::HmacKey& key);
/// The sort values. Throws Problem invalid_cursor when it is not one of ours for this binding.
std::string OpenCursor(std::string_view cursor, std::string_view binding, const base::HmacKey& key);
/// Whether two texts are equal, in time that does not depend on where they differ.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace pgsluice::query
