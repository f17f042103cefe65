#pragma once

#include <memory>
#include <string>
#include <string_view>

using EVP_MAC_CTX = struct evp_mac_ctx_st;  // OpenSSL's.

namespace pgsluice::base {

/// Two lower-case hexadecimal digits per byte.
std::string Hex(std::string_view bytes);
/// SHA-256 in hex.
std::string Sha256(std::string_view text);
/// HMAC with SHA-256 (RFC 2104): 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view text);

/// The same for many texts with one key: getting ready costs more than signing. Thread-safe.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  std::string Sign(std::string_view text) const;

 private:
  std::shared_ptr<EVP_MAC_CTX> ready_;
};

}  // namespace pgsluice::base
