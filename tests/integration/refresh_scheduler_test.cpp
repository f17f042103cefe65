#include "pgsluice/sync/refresh_scheduler.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "support/engine_sandbox.h"
#include "support/fault_proxy.h"

namespace pgsluice::sync {
namespace {

using std::chrono::milliseconds;

class RefreshSchedulerTest : public ::testing::Test {
 protected:
  std::future<bool> GivingWay() {
    return std::async(std::launch::async, [this] { return scheduler_.YieldToRefresh(); });
  }
  static bool IsWaiting(const std::future<bool>& who) {
    return who.wait_for(milliseconds(50)) == std::future_status::timeout;
  }

  testing::EngineSandbox sandbox_;
  const std::string alias_ = sandbox_.MakeAlias("any", "{}");
  testing::FaultProxy proxy_{sandbox_.host(), sandbox_.port()};
  engine::Engine engine_{http::MakeClient({.urls = {proxy_.url()}})};
  RefreshScheduler scheduler_{engine_};
  std::jthread thread_{[this](const std::stop_token& stop) { scheduler_.Run(stop); }};
};

TEST_F(RefreshSchedulerTest, BulkWritersWaitForARefreshAndForNothingElse) {
  EXPECT_FALSE(scheduler_.YieldToRefresh());
  proxy_.Stall();
  scheduler_.RequestRefresh(alias_, 1);
  std::future<bool> writer = GivingWay();
  while (!IsWaiting(writer)) writer = GivingWay();  // The refresh is about to begin.
  proxy_.Pass();
  EXPECT_TRUE(writer.get());
  EXPECT_TRUE(scheduler_.YieldToRefresh());
}

TEST_F(RefreshSchedulerTest, ARefreshThatHangsStopsNobody) {
  proxy_.Stall();
  scheduler_.RequestRefresh(alias_, 1);
  std::future<bool> writer = GivingWay();
  while (!IsWaiting(writer)) writer = GivingWay();
  EXPECT_TRUE(writer.get());  // While the engine is still silent.
  proxy_.Pass();
}

}  // namespace
}  // namespace pgsluice::sync
