#pragma once

#include <cstddef>

#include "api/auth/access.h"
#include "api/http/message.h"
#include "api/http/rate_limiter.h"
#include "pgsluice/config/config.h"

namespace pgsluice::api {

/// Counts requests per address before credentials are looked at, and searches per caller after.
/// Thread-safe. All throw Problem 429 if the caller may not ask now.
class RateLimits {
 public:
  void ChargeAddress(const Request& request, const config::Limits& limits);
  void Charge(const Request& request, const Access& access, double searches);
  /// Of a batch; the request as such was charged as one search.
  void ChargeRest(const Request& request, const Access& access, std::size_t searches);

 private:
  RateLimiter callers_, addresses_;
};

}  // namespace pgsluice::api
