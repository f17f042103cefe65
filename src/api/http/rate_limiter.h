#pragma once

#include <chrono>
#include <map>
#include <string>

#include "pgsluice/base/mutex.h"

namespace pgsluice::api {

/// Token buckets per caller, which limit the requests per second and the burst. Thread-safe.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  /// Returns the seconds until the caller may ask again; 0: now, and the request is counted.
  /// `per_second` 0: no limit.
  int Take(const std::string& caller, double per_second, Clock::time_point now, double cost = 1);

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point filled{};
  };
  void Forget(Clock::time_point now) PGSLUICE_REQUIRES(mutex_);

  base::Mutex mutex_;
  std::map<std::string, Bucket> buckets_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::api
