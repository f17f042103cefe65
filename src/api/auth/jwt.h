#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/auth/jwks.h"
#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"

namespace pgsluice::api {

/// Judges JSON Web Tokens (RFC 7519) by one configuration. Thread-safe.
class TokenVerifier {
 public:
  /// Throws Error(kReject) when the key set's file cannot be read. `fetch` is for jwks_url.
  explicit TokenVerifier(config::Jwt jwt, const FetchText& fetch = {});

  /// The claims of a token that is signed by an algorithm and a key of the configuration, is from
  /// its issuer, for its audience, and valid at `now` (Unix seconds, give or take 30). Throws
  /// Problem 401 invalid_credentials or expired_credentials.
  json::Value Claims(const std::string& token, std::int64_t now) const;

 private:
  bool Signed(const std::string& algorithm, const std::string& kid, std::string_view text,
              std::string_view signature) const;
  void CheckClaims(const json::Value& claims, std::int64_t now) const;

  const config::Jwt jwt_;
  std::unique_ptr<KeySource> keys_;
};

}  // namespace pgsluice::api
