#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/jwt.h"
#include "pgsluice/config/config.h"

namespace pgsluice::api {

/// What of the configuration a reload may change. Immutable.
struct Settings {
  /// Throws Error(kReject) when the key set cannot be read.
  explicit Settings(const config::Config& config)
      : auth(config.auth), limits(config.limits), cors_origins(config.cors_origins) {
    if (auth.jwt) tokens = std::make_shared<TokenVerifier>(*auth.jwt);
  }

  config::Auth auth;
  config::Limits limits;
  std::vector<std::string> cors_origins;
  std::shared_ptr<const TokenVerifier> tokens;  ///< Null: no tokens are taken.
};

}  // namespace pgsluice::api
