// The state machine of an index, in the database.

#include "sync/indexes/index_records.h"

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include "support/pg_sandbox.h"

namespace pgsluice::sync {
namespace {

class States : public ::testing::Test {
 protected:
  States() {
    db_.Migrate();
    IndexRecord made;
    made.physical = "item-000001";
    made.uuid = "u1";
    made.config_hash = "s";
    made.root_source = "1";
    records_.Save("item", {}, made, false);
  }

  IndexRecord Now() { return records_.Load("item"); }
  std::string Phase() { return Now().state; }
  /// A new reason for a reindex, or none any more.
  void Need(const std::string& reason) {
    const IndexRecord old = Now();
    IndexRecord now = old;
    now.reason = reason;
    records_.Save("item", old, now, false);
  }
  void Built() {
    const IndexRecord old = Now();
    IndexRecord now = old;
    now.building_uuid = "u2";
    records_.Save("item", old, now, false);
  }

  testing::PgSandbox db_;
  IndexRecords records_{db_.session()};
};

TEST_F(States, InSqlAndInTheProgramAreTheSame) {
  const char* values[] = {"false", "true"};
  for (unsigned facts = 0; facts < 16; ++facts) {
    const auto fact = [&](unsigned bit) { return (facts >> bit & 1U) != 0; };
    const auto sql = [&](unsigned bit) { return std::string(values[fact(bit) ? 1 : 0]); };
    EXPECT_EQ(db_.Text("SELECT " + PhaseSql(sql(0), sql(1), sql(2), sql(3))),
              Name(PhaseOf(PhaseFacts{fact(0), fact(1), fact(2), fact(3)})))
        << facts;
  }
}

TEST_F(States, OfAReindex) {
  EXPECT_EQ(Phase(), "live");
  Need("the mapping changed");
  EXPECT_EQ(Phase(), "reindex_needed");
  records_.RequestReindex("item", "item-000002", false);
  EXPECT_EQ(Phase(), "reindexing");
  EXPECT_EQ(records_.ReadyToFinish("item", "item-000001", "item-000002"), std::nullopt);
  Built();
  EXPECT_EQ(records_.ReadyToFinish("item", "item-000001", "item-000002"), "u2");
  records_.RefuseReindex("item", "item-000002", "documents are missing");
  EXPECT_EQ(Phase(), "reindex_needed");
  EXPECT_EQ(records_.ReadyToFinish("item", "item-000001", "item-000002"), std::nullopt);
  records_.ContinueReindex("item", false);
  EXPECT_EQ(Phase(), "reindexing");
  records_.PutInPlace("item", "item-000002", "item-000002-building");
  EXPECT_EQ(Phase(), "live");
  EXPECT_EQ(Now().physical, "item-000002");
  EXPECT_EQ(Now().reason, "");
  EXPECT_EQ(db_.Text("SELECT string_agg(name, ',' ORDER BY name) FROM pgsluice.retired"),
            "item-000001,item-000002-building");
}

TEST_F(States, OfAReindexThatIsAborted) {
  EXPECT_FALSE(records_.AbortReindex("item"));
  records_.RequestReindex("item", "item-000002", false);
  EXPECT_TRUE(records_.AbortReindex("item"));
  EXPECT_EQ(Phase(), "live");
  Need("the mapping changed");
  records_.RequestReindex("item", "item-000002", false);
  EXPECT_TRUE(records_.AbortReindex("item"));
  EXPECT_EQ(Phase(), "reindex_needed");
  EXPECT_EQ(Now().refused, "the reindex was aborted; the mapping changed");
}

TEST_F(States, OfABackfill) {
  EXPECT_FALSE(records_.SetRate("item", "item-000009", 5));
  EXPECT_TRUE(records_.SetRate("item", "item-000001", 5));
  db_.Exec(
      "INSERT INTO pgsluice.backfill (index_name, physical, relation, filenode, first_block, "
      "end_block, rows) VALUES ('item', 'item-000001', 'pg_class'::regclass, 1, 0, 1, 7)");
  records_.Backfilling("item");
  EXPECT_EQ(Phase(), "backfilling");
  records_.RequestReindex("item", "item-000002", false);
  EXPECT_EQ(Phase(), "backfilling");
  EXPECT_EQ(records_.Filled("item-000001"), std::nullopt);  // it is still to be read
  db_.Exec("UPDATE pgsluice.backfill SET state = 'done'");
  EXPECT_EQ(records_.Filled("item-000001"), std::pair(std::string("item"), std::string("7")));
  EXPECT_EQ(Phase(), "reindexing");
  EXPECT_EQ(records_.BackfilledRows("item"), 7);
}

TEST_F(States, OfASecondWalk) {
  records_.WalkLater("item");
  EXPECT_TRUE(records_.TakeDueWalks(R"(["item"])").empty());
  db_.Exec("UPDATE pgsluice.index_state SET walk_again = now()");
  EXPECT_TRUE(records_.TakeDueWalks(R"(["other"])").empty());
  EXPECT_EQ(records_.TakeDueWalks(R"(["item"])"), std::vector<std::string>{"item"});
  EXPECT_TRUE(records_.TakeDueWalks(R"(["item"])").empty());
}

}  // namespace
}  // namespace pgsluice::sync
