#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/auth/jwks.h"
#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"

namespace pgsluice::api {

/// Checks JSON Web Tokens (RFC 7519) against one configuration. Thread-safe.
class TokenVerifier {
 public:
  /// Throws Error(kReject) if the key set's file cannot be read. `fetch` is for jwks_url.
  explicit TokenVerifier(config::Jwt jwt, const FetchText& fetch = {});

  /// Returns the claims of a token if an algorithm and a key of the configuration signed it, it
  /// comes from the configured issuer, is for the configured audience, and is valid at `now` (Unix
  /// seconds, with a tolerance of 30). Throws Problem 401 invalid_credentials or
  /// expired_credentials.
  json::Value Claims(const std::string& token, std::int64_t now) const;

 private:
  bool Signed(const std::string& algorithm, const std::string& kid, std::string_view text,
              std::string_view signature) const;
  void CheckClaims(const json::Value& claims, std::int64_t now) const;

  const config::Jwt jwt_;
  std::unique_ptr<KeySource> keys_;
};

}  // namespace pgsluice::api
