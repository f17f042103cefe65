#pragma once

#include <string>
#include <string_view>

namespace pgsluice::base {

/// `text` for a terminal: control characters (C0, DEL, C1), which could move the cursor, recolour
/// or answer for the user, are written as \xNN; so are line feeds. Bytes that are not UTF-8 as
/// well.
std::string Printable(std::string_view text);

}  // namespace pgsluice::base
