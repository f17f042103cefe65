#include "api/rest/rate_limits.h"

#include <chrono>
#include <optional>
#include <string>

#include "api/http/client_address.h"

namespace pgsluice::api {

using query::Problem;

namespace {

void TakeFrom(RateLimiter& limiter, const std::string& caller, std::optional<double> rate,
              const Request& request, double cost) {
  const double otherwise = IsLoopbackAddress(request.peer) ? 0 : config::Limits::kDefaultRate;
  const int pause =
      limiter.Take(caller, rate.value_or(otherwise), std::chrono::steady_clock::now(), cost);
  if (pause > 0) throw Problem(429, "rate_limited", "too many requests").RetryAfter(pause);
}

}  // namespace

void RateLimits::ChargeAddress(const Request& request, const config::Limits& limits) {
  TakeFrom(addresses_, LimitedAs(request.peer), limits.address_requests_per_second, request, 1);
}

void RateLimits::Charge(const Request& request, const Access& access, double searches) {
  const std::string& caller = access.caller();
  TakeFrom(callers_, caller.empty() ? LimitedAs(request.peer) : caller,
           access.requests_per_second(), request, searches);
}

void RateLimits::ChargeRest(const Request& request, const Access& access, std::size_t searches) {
  if (searches > 1) Charge(request, access, static_cast<double>(searches - 1));
}

}  // namespace pgsluice::api
