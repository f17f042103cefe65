#pragma once

#include <cstddef>
#include <string>

namespace pgsluice::api {

/// Returns how many keys in the file of a JSON Web Key Set can be used. Throws Error(kReject) if it
/// cannot be read.
std::size_t CountKeys(const std::string& file);

}  // namespace pgsluice::api
