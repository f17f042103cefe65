// Several processes, and documents that get another shape: no process writes the old shape after
// the backfill has written the new one.

#include <gmock/gmock.h>

#include "pgsluice/outbox/outbox.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

using sync::IndexPhase;

class Generation : public testing::SyncTest {
 protected:
  void Items() {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
    Exec("INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, 300) n");
  }
  static std::shared_ptr<const sync::IndexSet> SetOf(testing::SyncProcess& process) {
    return process.service().registry().Current();
  }
  template <typename Condition>
  static void Await(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
};

TEST_F(Generation, OldOnesClaimNothingAndTasksWaitForThem) {
  Items();
  db_.Migrate();
  Attach();
  Exec("INSERT INTO item VALUES (1000, 'new', 1)");
  const int before = outbox::ReadGeneration(db_.session());
  pg::Session old(db_.options());
  outbox::Outbox events(old);
  pg::Transaction batch(old);
  EXPECT_EQ(events.Claim(10, 0, before)->size(), 1U);
  sync::RaiseGeneration(db_.session());
  EXPECT_TRUE(sync::OthersAreBehind(db_.session(), before + 1));
  batch.Commit();
  EXPECT_FALSE(sync::OthersAreBehind(db_.session(), before + 1));
  pg::Transaction again(old);
  EXPECT_FALSE(events.Claim(10, 0, before).has_value());
  EXPECT_FALSE(sync::EnterGeneration(old, before));
  EXPECT_TRUE(sync::EnterGeneration(old, before + 1));
  EXPECT_EQ(events.Claim(10, 0, before + 1)->size(), 1U);
}

TEST_F(Generation, EveryProcessReportsThePhaseThatOneHasSet) {
  Items();
  Start();
  Settle();
  testing::SyncProcess other(config_);
  other.Start();
  for (const std::pair<std::string, IndexPhase>& set :
       {std::pair<std::string, IndexPhase>{"reindex_needed", IndexPhase::kReindexNeeded},
        {"backfilling", IndexPhase::kBackfilling},
        {"live", IndexPhase::kLive}}) {
    Exec("UPDATE pgsluice.index_state SET reason = 'why', state = '" + set.first + "'");
    for (testing::SyncProcess* process : {process_.get(), &other}) {
      Await([&] { return SetOf(*process)->indexes.at("item")->phase == set.second; });
      EXPECT_EQ(SetOf(*process)->indexes.at("item")->reason, "why");
    }
  }
  Exec("UPDATE item SET n = 0");
  ExpectIndex("item", "SELECT id::text, to_json(item) FROM item");
}

TEST_F(Generation, ANewColumnIsInEveryDocumentWithTwoProcessesUnderLoad) {
  Items();
  Start();
  testing::SyncProcess other(config_);
  other.Start();
  Settle();
  for (int round = 0; round < 3; ++round) {
    const std::string column = "c" + std::to_string(round);
    Exec("UPDATE item SET n = n + 1");
    Exec("ALTER TABLE item ADD COLUMN " + column + " int DEFAULT 7");
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    const auto known = [&](testing::SyncProcess& process) {
      return SetOf(process)->indexes.at("item")->plan->Find(column) != nullptr;
    };
    while (!known(*process_) || !known(other) || std::chrono::steady_clock::now() < until) {
      Exec("UPDATE item SET n = n + 1 WHERE id % 10 = 3");
    }
    ExpectIndex("item", "SELECT id::text, to_json(item) FROM item");
  }
}

// Capture compares no columns if all of them matter. That changes when a column is added that does
// not matter.
TEST_F(Generation, AColumnAddedToATableOfWhichAllWereUsed) {
  Exec(
      "CREATE TABLE film (id int PRIMARY KEY, title text); CREATE TABLE review (id int PRIMARY "
      "KEY, "
      "film_id int REFERENCES film, stars int); CREATE INDEX ON review (film_id);"
      "INSERT INTO film VALUES (1, 'one'); INSERT INTO review VALUES (1, 1, 5)");
  ConfigureIndexes(R"json({"indexes": {"film": {"embed": {
      "reviews": {"table": "review", "columns": ["id", "stars"]}}}}})json");
  Start();
  Settle();
  const auto watched = [&] {
    return std::string(
        Exec("SELECT coalesce(watched::text, 'all') FROM pgsluice.source WHERE is_current AND "
             "table_name = 'review'")
            .Text(0, 0));
  };
  EXPECT_EQ(watched(), "all");
  Exec("ALTER TABLE review ADD COLUMN note text");
  Await([&] { return watched() == "{id,film_id,stars}"; });
  const auto written = [&] {
    return Exec("SELECT last_value FROM pgsluice.outbox_id_seq").Int(0, 0);
  };
  const auto before = written();
  Exec("UPDATE review SET note = 'unused'");
  EXPECT_EQ(written(), before);
  Exec("UPDATE review SET stars = 4");
  Settle();
  EXPECT_NE(Documents("film").at("1").find(R"("stars":4)"), std::string::npos);
}

TEST_F(Generation, AnOlderProcessDoesNotTurnANewerConfigurationBack) {
  Items();
  Start();
  Settle();
  config::Index index;
  index.name = "item";
  index.table = "item";
  index.exclude = {"name"};
  config_.all_tables = false;
  config_.indexes = {index};
  const int before = outbox::ReadGeneration(db_.session());
  Attach();
  testing::SyncProcess newer(config_);
  newer.Start();
  Await([&] { return SetOf(*process_)->generation == before + 1; });
  process_->service().RequestCheck();
  newer.service().RequestCheck();
  Settle();
  EXPECT_EQ(outbox::ReadGeneration(db_.session()), before + 1);
  process_.reset();
  ExpectIndex("item", "SELECT id::text, json_build_object('id', id, 'n', n) FROM item");
}

}  // namespace
}  // namespace pgsluice
