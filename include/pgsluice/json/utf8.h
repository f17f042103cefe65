#pragma once

#include <string_view>

namespace pgsluice::json {

/// Whether a text is UTF-8 (RFC 3629).
bool IsUtf8(std::string_view text);

}  // namespace pgsluice::json
