#include "api/http/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace pgsluice::api {

namespace {

constexpr std::size_t kCallers = 20000;
constexpr std::chrono::minutes kForgotten{1};

}  // namespace

int RateLimiter::Take(const std::string& caller, double per_second, Clock::time_point now,
                      double cost) {
  if (per_second <= 0) return 0;
  const double most = std::max(per_second, 1.0);
  const base::MutexLock lock(mutex_);
  if (buckets_.size() > kCallers) Forget(now);
  const auto [found, made] = buckets_.try_emplace(caller, Bucket{most, now});
  Bucket& bucket = found->second;
  const double passed = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min(most, bucket.tokens + std::max(passed, 0.0) * per_second);
  bucket.filled = now;
  // A cost above the size of the bucket is accepted when the bucket is full, and leaves a debt.
  const double needed = std::min(cost, most);
  if (bucket.tokens < needed) {
    return std::max(1, static_cast<int>(std::ceil((needed - bucket.tokens) / per_second)));
  }
  bucket.tokens -= cost;
  return 0;
}

void RateLimiter::Forget(Clock::time_point now) {
  std::erase_if(buckets_,
                [now](const auto& bucket) { return bucket.second.filled + kForgotten < now; });
  if (buckets_.size() > kCallers) buckets_.clear();
}

}  // namespace pgsluice::api
