#include "pgsluice/sync/wakeup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace pgsluice::sync {
namespace {

TEST(Wakeup, ASignalWhileLookingForWorkIsNotLost) {
  Wakeup wakeup(1);
  const std::stop_source never;
  const auto seen = wakeup.generation();
  wakeup.Signal();
  wakeup.WaitForWork(seen, never.get_token());  // Returns at once.
  EXPECT_NE(wakeup.generation(), seen);
}

TEST(Wakeup, TheSleeperWaitsForEveryWorker) {
  Wakeup wakeup(2);
  std::stop_source stop;
  std::atomic<bool> idle{false};
  const auto work = [&] {
    while (!stop.stop_requested()) wakeup.WaitForWork(wakeup.generation(), stop.get_token());
  };
  std::jthread first(work);
  std::jthread sleeper([&] { idle = wakeup.WaitUntilIdle(stop.get_token()); });
  EXPECT_FALSE(idle);
  std::jthread second(work);
  sleeper.join();
  EXPECT_TRUE(idle);
  stop.request_stop();
}

TEST(Wakeup, AnIdleWorkerLooksForWorkWhileAnotherIsBusy) {
  Wakeup wakeup(2);
  const std::stop_source never;
  wakeup.WaitForWork(wakeup.generation(), never.get_token());  // Returns without a signal.
}

TEST(Wakeup, StopEndsEveryWait) {
  Wakeup wakeup(1);
  std::stop_source stop;
  std::atomic<bool> idle{true};
  std::jthread sleeper([&] { idle = wakeup.WaitUntilIdle(stop.get_token()); });
  stop.request_stop();
  sleeper.join();
  EXPECT_FALSE(idle);
  EXPECT_FALSE(SleepUnlessStopped(std::chrono::hours(1), stop.get_token()));
}

}  // namespace
}  // namespace pgsluice::sync
