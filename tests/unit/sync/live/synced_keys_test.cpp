#include "sync/live/synced_keys.h"

#include <gtest/gtest.h>

namespace pgsluice::sync {
namespace {

plan::Plan PlanOf(const std::string& name, std::vector<std::string> key) {
  plan::Plan plan;
  plan.name = name;
  plan.key = std::move(key);
  return plan;
}

TEST(SyncedKeys, ARootIsKnownByItsKeyWhateverElseItsEventCarries) {
  const plan::Plan plan = PlanOf("item", {"id"});
  SyncedKeys synced(2);
  synced.Add(plan, {R"(["7","de"])"});
  EXPECT_TRUE(synced.Has(plan, R"([7])"));
  EXPECT_TRUE(synced.Has(plan, R"(["7","fr"])"));
  EXPECT_FALSE(synced.Has(plan, R"(["70"])"));
}

TEST(SyncedKeys, NullAndTheEmptyTextAreDifferentKeys) {
  const plan::Plan plan = PlanOf("item", {"a", "b"});
  SyncedKeys synced(2);
  synced.Add(plan, {R"([null,""])"});
  EXPECT_TRUE(synced.Has(plan, R"([null,""])"));
  EXPECT_FALSE(synced.Has(plan, R"(["",null])"));
  EXPECT_FALSE(synced.Has(plan, R"(["null",""])"));
}

TEST(SyncedKeys, IndexesHaveKeysOfTheirOwn) {
  SyncedKeys synced(2);
  synced.Add(PlanOf("item", {"id"}), {R"(["7"])"});
  EXPECT_FALSE(synced.Has(PlanOf("part", {"id"}), R"(["7"])"));
}

TEST(SyncedKeys, NothingIsKeptForASinglePieceOfWork) {
  const plan::Plan plan = PlanOf("item", {"id"});
  SyncedKeys synced(1);
  synced.Add(plan, {R"(["7"])"});
  EXPECT_FALSE(synced.Has(plan, R"(["7"])"));
}

TEST(SyncedKeys, KeepsABoundedNumberOfKeys) {
  const plan::Plan plan = PlanOf("item", {"id"});
  SyncedKeys synced(2);
  std::vector<std::string> keys;
  for (int i = 0; i < 40000; ++i) keys.push_back("[" + std::to_string(i) + "]");
  synced.Add(plan, keys);
  EXPECT_TRUE(synced.Has(plan, "[32767]"));
  EXPECT_FALSE(synced.Has(plan, "[39999]"));
}

}  // namespace
}  // namespace pgsluice::sync
