#include "api/http/rate_limiter.h"

#include <gtest/gtest.h>

namespace pgsluice::api {
namespace {

using std::chrono::milliseconds;

TEST(RateLimiter, LimitsTheRateOfEachCaller) {
  RateLimiter limiter;
  const RateLimiter::Clock::time_point start{};
  EXPECT_EQ(limiter.Take("a", 2, start), 0);
  EXPECT_EQ(limiter.Take("a", 2, start), 0);
  EXPECT_EQ(limiter.Take("a", 2, start), 1);
  EXPECT_EQ(limiter.Take("b", 2, start), 0);
  EXPECT_EQ(limiter.Take("a", 2, start + milliseconds(500)), 0);
  EXPECT_EQ(limiter.Take("a", 2, start + milliseconds(500)), 1);
}

TEST(RateLimiter, SaysHowLongToWait) {
  RateLimiter limiter;
  const RateLimiter::Clock::time_point start{};
  EXPECT_EQ(limiter.Take("a", 0.1, start), 0);
  EXPECT_EQ(limiter.Take("a", 0.1, start), 10);
  EXPECT_EQ(limiter.Take("a", 0, start), 0);
}

TEST(RateLimiter, BatchesCountByTheirCost) {
  RateLimiter limiter;
  const RateLimiter::Clock::time_point start{};
  EXPECT_EQ(limiter.Take("a", 20, start, 10), 0);
  EXPECT_EQ(limiter.Take("a", 20, start, 10), 0);
  EXPECT_EQ(limiter.Take("a", 20, start, 1), 1);
  // More than a second's worth: allowed once, and then paid back.
  EXPECT_EQ(limiter.Take("b", 2, start, 10), 0);
  EXPECT_EQ(limiter.Take("b", 2, start + milliseconds(1000), 1), 4);
  EXPECT_EQ(limiter.Take("b", 2, start + milliseconds(5000), 1), 0);
}

TEST(RateLimiter, ForgetsCallersWhenThereAreTooMany) {
  RateLimiter limiter;
  const RateLimiter::Clock::time_point start{};
  for (int i = 0; i < 50000; ++i) EXPECT_EQ(limiter.Take(std::to_string(i), 1, start), 0);
}

}  // namespace
}  // namespace pgsluice::api
