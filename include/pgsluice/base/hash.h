#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgsluice::base {

/// Returns a 64-bit FNV-1a hash as 16 hexadecimal digits. Detects changes of texts that pgsluice
/// made itself. Stable across builds and machines. Do not use it for input from outside, because
/// collisions are easy to construct.
inline std::string Fingerprint(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  std::string hex(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4U) hex[i] = "0123456789abcdef"[hash & 15U];
  return hex;
}

}  // namespace pgsluice::base
