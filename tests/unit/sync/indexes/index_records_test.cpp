#include "sync/indexes/index_records.h"

#include <gtest/gtest.h>

namespace pgsluice::sync {
namespace {

TEST(IndexPhases, FollowTheirTable) {
  const auto phase = [](bool filling, bool building, bool refused, bool needs) {
    return PhaseOf(PhaseFacts{filling, building, refused, needs});
  };
  EXPECT_EQ(phase(false, false, false, false), IndexPhase::kLive);
  EXPECT_EQ(phase(false, false, false, true), IndexPhase::kReindexNeeded);
  EXPECT_EQ(phase(false, false, true, false), IndexPhase::kReindexNeeded);
  EXPECT_EQ(phase(false, false, true, true), IndexPhase::kReindexNeeded);
  EXPECT_EQ(phase(false, true, false, false), IndexPhase::kReindexing);
  EXPECT_EQ(phase(false, true, false, true), IndexPhase::kReindexing);
  EXPECT_EQ(phase(false, true, true, false), IndexPhase::kReindexNeeded);
  EXPECT_EQ(phase(false, true, true, true), IndexPhase::kReindexNeeded);
  for (int facts = 0; facts < 8; ++facts) {
    EXPECT_EQ(phase(true, (facts & 1) != 0, (facts & 2) != 0, (facts & 4) != 0),
              IndexPhase::kBackfilling);
  }
}

}  // namespace
}  // namespace pgsluice::sync
