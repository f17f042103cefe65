#pragma once

#include <chrono>
#include <random>

namespace pgsluice {

/// Exponential back-off with jitter (AWS Architecture Blog, "Exponential Backoff And Jitter",
/// 2015): a delay drawn from [base/2, base], where base doubles up to a limit. Not thread-safe.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  explicit Backoff(Duration first = Duration(50), Duration limit = Duration(5000))
      : first_(first), limit_(limit), next_(first), random_(std::random_device{}()) {}

  /// Returns the delay before the next attempt.
  Duration Next() {
    const auto base = next_.count();
    next_ = next_ * 2 < limit_ ? next_ * 2 : limit_;
    return Duration(std::uniform_int_distribution<Duration::rep>(base / 2, base)(random_));
  }
  void Reset() { next_ = first_; }

 private:
  Duration first_, limit_, next_;
  std::minstd_rand random_;
};

}  // namespace pgsluice
