#pragma once

#include <string>
#include <string_view>

namespace pgsluice::base {

/// Two lower-case hexadecimal digits per byte.
std::string Hex(std::string_view bytes);
/// SHA-256 in hex.
std::string Sha256(std::string_view text);
/// HMAC with SHA-256 (RFC 2104): 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view text);

}  // namespace pgsluice::base
