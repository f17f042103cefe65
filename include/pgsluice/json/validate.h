#pragma once

#include <string_view>

namespace pgsluice::json {

/// Checks that `text` is one JSON value (RFC 8259) in UTF-8, nested at most `max_depth` levels.
/// Builds no objects and does not recurse, so it is safe for input from a hostile server. Unpaired
/// surrogates are allowed, because PostgreSQL's type json keeps them. Throws Error(kReject) with
/// the offset.
void Validate(std::string_view text, int max_depth);

}  // namespace pgsluice::json
