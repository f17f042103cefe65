#pragma once

#include <string>

namespace pgsluice::base {

/// Returns the whole content of a file. Throws Error(kFatal) with the cause if it cannot be read,
/// or if it is a directory.
std::string ReadFile(const std::string& path);

}  // namespace pgsluice::base
