#pragma once

#include <cstddef>
#include <string>

namespace pgsluice::api {

/// How many keys of a JSON Web Key Set's file can be used. Throws Error(kReject) if it cannot be
/// read.
std::size_t CountKeys(const std::string& file);

}  // namespace pgsluice::api
