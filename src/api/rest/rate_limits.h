#pragma once

#include <cstddef>

#include "api/auth/access.h"
#include "api/http/message.h"
#include "api/http/rate_limiter.h"
#include "pgsluice/config/config.h"

namespace pgsluice::api {

/// Limits requests per address before credentials are checked, and searches per caller afterwards.
/// Thread-safe. All functions throw Problem 429 if a limit is exceeded.
class RateLimits {
 public:
  void ChargeAddress(const Request& request, const config::Limits& limits);
  void Charge(const Request& request, const Access& access, double searches);
  /// Counts the searches of a batch except one, which was counted with the request.
  void ChargeRest(const Request& request, const Access& access, std::size_t searches);

 private:
  RateLimiter callers_, addresses_;
};

}  // namespace pgsluice::api
