#pragma once

#include <string>
#include <string_view>

namespace pgsluice::testing {

/// The program under test.
std::string Binary();
/// Returns a file of the repository; `path` begins at its root, with "/".
std::string SourceFile(std::string_view path);

}  // namespace pgsluice::testing
