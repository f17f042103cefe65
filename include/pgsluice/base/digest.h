#pragma once

#include <memory>
#include <string>
#include <string_view>

using EVP_MAC_CTX = struct evp_mac_ctx_st;  // OpenSSL's.

namespace pgsluice::base {

/// Returns two lower-case hexadecimal digits per byte.
std::string Hex(std::string_view bytes);
/// Returns the SHA-256 in hexadecimal digits.
std::string Sha256(std::string_view text);
/// Returns the HMAC with SHA-256 (RFC 2104): 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view text);

/// Signs many texts with one key: setting up a key costs more than signing. Thread-safe.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  std::string Sign(std::string_view text) const;

 private:
  std::shared_ptr<EVP_MAC_CTX> ready_;
};

}  // namespace pgsluice::base
