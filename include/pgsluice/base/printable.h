#pragma once

#include <string>
#include <string_view>

namespace pgsluice::base {

/// Returns `text` for a terminal. Control characters (C0, DEL, C1), line feeds and bytes that are
/// not UTF-8 are written as \xNN, because they could move the cursor, change colours or type for
/// the user.
std::string Printable(std::string_view text);

}  // namespace pgsluice::base
