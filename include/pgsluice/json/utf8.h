#pragma once

#include <cstddef>
#include <string_view>

namespace pgsluice::json {

/// Returns whether a text is UTF-8 (RFC 3629).
bool IsUtf8(std::string_view text);
/// Returns the length of the well-formed sequence at the start of `text`, or 0.
std::size_t Utf8Length(std::string_view text);

}  // namespace pgsluice::json
