#include "sync/live/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/base/error.h"

namespace pgsluice::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Two indexes: "item" has table 1 as its root and embeds table 2, "part" has table 2 as its root.
class Router : public ::testing::Test {
 protected:
  Router() {
    const auto item = Index("item", {{1, {"id"}}, {2, {"id", "item_id"}}});
    const auto part = Index("part", {{2, {"id"}}});
    set_.sources[10] = {1, {"id"}, {{item, 0}}, {}};
    set_.sources[20] = {2, {"id", "item_id"}, {{item, 1}, {part, 0}}, {}};
  }

  std::shared_ptr<const LiveIndex> Index(
      const std::string& name,
      const std::vector<std::pair<std::uint32_t, std::vector<std::string>>>& sources) {
    auto plan = std::make_shared<plan::Plan>();
    plan->name = name;
    plan->root = sources.front().first;
    plan->key = {"id"};
    for (const auto& [table, captured] : sources) {
      plan::Source source;
      source.table = table;
      source.captured = captured;
      plan->sources.push_back(source);
    }
    auto index = std::make_shared<LiveIndex>();
    index->plan = plan;
    index->alias = name;
    set_.indexes[name] = index;
    return index;
  }

  static outbox::Event Event(std::int64_t id, int source, const std::string& key,
                             const std::string& waiting_for = "") {
    return {id, source, key, 0, waiting_for};
  }

  static std::string NameOf(const Work& work) { return work.route.index->plan->name; }

  IndexSet set_;
};

TEST_F(Router, AnEventReachesEveryIndexThatUsesItsTable) {
  const auto works = RouteEvents(set_, {Event(5, 20, R"([7,1])")});
  ASSERT_EQ(works.size(), 2U);
  EXPECT_EQ(NameOf(works[0]), "item");
  EXPECT_THAT(works[0].keys, ElementsAre(R"([7,1])"));
  EXPECT_EQ(NameOf(works[1]), "part");
  EXPECT_EQ(works[1].position, 5);
}

TEST_F(Router, KeysOfOneBatchComeOnceWithTheLowestPosition) {
  const auto works =
      RouteEvents(set_, {Event(9, 10, "[1]"), Event(4, 10, "[1]"), Event(6, 10, "[2]")});
  ASSERT_EQ(works.size(), 1U);
  EXPECT_THAT(works[0].keys, UnorderedElementsAre("[1]", "[2]"));
  EXPECT_EQ(works[0].position, 4);
}

TEST_F(Router, ATruncateIsKeptApartFromKeys) {
  const auto works = RouteEvents(set_, {Event(1, 10, ""), Event(2, 10, "[3]")});
  ASSERT_EQ(works.size(), 1U);
  EXPECT_TRUE(works[0].truncated);
  EXPECT_THAT(works[0].keys, ElementsAre("[3]"));
}

TEST_F(Router, AnEventThatWaitsForOneIndexReachesThatOneOnly) {
  const auto works = RouteEvents(set_, {Event(1, 20, "[7,1]", R"(["part"])")});
  ASSERT_EQ(works.size(), 1U);
  EXPECT_EQ(NameOf(works[0]), "part");
}

TEST_F(Router, EventsOfTablesThatAreGoneConcernNothing) {
  EXPECT_THAT(RouteEvents(set_, {Event(1, 99, "[1]")}, {99}), IsEmpty());
}

TEST_F(Router, AnUnknownSourceIsAskedForAgain) {
  try {
    RouteEvents(set_, {Event(1, 99, "[1]")});
    FAIL() << "an event of an unknown source was dropped";
  } catch (const Error& error) {
    EXPECT_EQ(error.disposition(), Disposition::kRetry);
  }
}

TEST_F(Router, KeysAreProjectedWhereTheSourceCapturesOtherColumns) {
  set_.sources[21] = {2, {"item_id", "id"}, set_.sources[20].routes, {}};
  const auto works = RouteEvents(set_, {Event(1, 21, R"(["x",7])")});
  ASSERT_EQ(works.size(), 2U);
  EXPECT_THAT(works[0].keys, ElementsAre(R"([7,"x"])"));
  EXPECT_THAT(works[1].keys, ElementsAre("[7]"));
}

TEST_F(Router, AnEventIsLeftToIndexesThatOthersWriteAndThatRefusedIt) {
  set_.sources[20].others = {"elsewhere"};
  EXPECT_THAT(OthersOf(set_, Event(1, 20, "[7,1]")), ElementsAre("elsewhere"));
  EXPECT_THAT(OthersOf(set_, Event(1, 20, "[7,1]"), {"part"}),
              UnorderedElementsAre("elsewhere", "part"));
  EXPECT_THAT(OthersOf(set_, Event(1, 10, "[1]")), IsEmpty());
}

TEST_F(Router, OfTheIndexesThatAnEventWaitsForTheOthersStay) {
  set_.interest = {{}, {"item", "part"}, {"elsewhere"}};
  const outbox::Event event = Event(1, 20, "[7,1]", R"(["part","elsewhere"])");
  EXPECT_THAT(OthersOf(set_, event), ElementsAre("elsewhere"));
  EXPECT_THAT(OthersOf(set_, event, {"part"}), ElementsAre("part", "elsewhere"));
}

TEST_F(Router, AHeldIndexIsLeftAloneAndTheOthersAreClaimed) {
  EXPECT_THAT(InterestNow(set_, {}).mine, IsEmpty());
  const outbox::Interest now = InterestNow(set_, {"part"});
  EXPECT_THAT(now.mine, ElementsAre("item"));
  EXPECT_THAT(now.others, ElementsAre("part"));
}

TEST(ProjectKey, TakesColumnsByNameAndKeepsTheirText) {
  EXPECT_EQ(ProjectKey(R"(["a",1.00,null,{"x":[1, 2]}])", {"p", "q", "r", "s"}, {"s", "q"}),
            R"([{"x":[1, 2]},1.00])");
}

TEST(ProjectKey, AColumnThatWasNotCapturedIsNull) {
  EXPECT_EQ(ProjectKey("[7]", {"id"}, {"id", "other"}), "[7,null]");
  EXPECT_EQ(ProjectKey("[7]", {"id", "short"}, {"short"}), "[null]");
}

}  // namespace
}  // namespace pgsluice::sync
