#include "api/rest/shared_work.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

namespace pgsluice::api {
namespace {

TEST(SharedRefreshTest, CallersOfOneMomentShareOne) {
  SharedRefresh shared;
  std::atomic<int> refreshes = 0;
  std::latch begun(1), go(1);
  const auto refresh = [&] {
    if (++refreshes == 1) {
      begun.count_down();
      go.wait();
    }
  };
  std::vector<std::jthread> callers;
  callers.emplace_back([&] { shared.Run("a", refresh); });
  begun.wait();  // One is running: callers that arrive now share the next one.
  std::atomic<int> waiting = 0;
  for (int i = 0; i < 20; ++i) {
    callers.emplace_back([&] {
      ++waiting;
      shared.Run("a", refresh);
    });
  }
  while (waiting < 20) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // Only makes the test stricter.
  go.count_down();
  callers.clear();
  EXPECT_GE(refreshes, 2);
  EXPECT_LE(refreshes, 10);  // A caller that was held up needs one of its own.
  const int before = refreshes;
  shared.Run("a", refresh);
  EXPECT_EQ(refreshes, before + 1);
}

TEST(SharedRefreshTest, PassesOnWhatFails) {
  SharedRefresh shared;
  EXPECT_THROW(shared.Run("a", [] { throw std::runtime_error("x"); }), std::runtime_error);
  EXPECT_NO_THROW(shared.Run("a", [] {}));
}

TEST(SharedAnswersTest, OneAsksForAll) {
  SharedAnswers shared;
  std::atomic<int> asked = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 10; ++i) {
    callers.emplace_back([&] {
      EXPECT_EQ(shared.Ask("q", [&] { return SharedAnswers::Answer{std::to_string(++asked)}; }),
                SharedAnswers::Answer{"1"});
    });
  }
  callers.clear();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(shared.Ask("other", [&] { return SharedAnswers::Answer{"y"}; }).front(), "y");
}

}  // namespace
}  // namespace pgsluice::api
