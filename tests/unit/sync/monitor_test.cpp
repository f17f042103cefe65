#include "pgsluice/sync/monitor.h"

#include <gtest/gtest.h>

namespace pgsluice::sync {
namespace {

TEST(Monitor, APartRecoversWhenEverybodyWhoReportedTroubleDoes) {
  observe::Registry registry;
  Monitor monitor(registry);
  const int one = 0, other = 0;
  monitor.Trouble("sync", "permission denied", &one);
  monitor.Trouble("sync", "permission denied", &other);
  monitor.Recovered("sync");  // reported nothing
  monitor.Recovered("sync", &one);
  EXPECT_EQ(monitor.TroubleOf("sync"), "permission denied");
  monitor.Trouble("sync", "still refused", &one);
  monitor.Recovered("sync", &other);
  EXPECT_EQ(monitor.TroubleOf("sync"), "still refused");
  monitor.Recovered("sync", &one);
  EXPECT_EQ(monitor.TroubleOf("sync"), "");
}

TEST(Monitor, AnIdleServiceHasNoTroubleWhoeverReportedIt) {
  observe::Registry registry;
  Monitor monitor(registry);
  const int one = 0;
  monitor.Trouble("sync", "the schema changed", &one);
  monitor.Trouble("engine", "no answer");
  monitor.AllRecovered("sync");
  EXPECT_EQ(monitor.TroubleOf("sync"), "");
  EXPECT_EQ(monitor.TroubleOf("engine"), "no answer");
  monitor.Recovered("engine");
  EXPECT_EQ(monitor.TroubleOf("engine"), "");
}

}  // namespace
}  // namespace pgsluice::sync
