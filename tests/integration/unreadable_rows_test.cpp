// A row whose document cannot be computed becomes a dead letter, and delays no other row.

#include <gmock/gmock.h>

#include "pgsluice/sync/backfill_tasks.h"
#include "support/command_fixture.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

class UnreadableRows : public testing::CommandTest {
 protected:
  /// Two indexes of one table; documents of `share` contain 100 / n.
  void SetUp() override {
    Exec("CREATE TABLE item (id int PRIMARY KEY, n int)");
    Exec("INSERT INTO item SELECT n, n FROM generate_series(1, 100) n");
    config::Index plain, share;
    plain.name = "plain";
    share.name = "share";
    plain.table = share.table = "item";
    share.fields = {{"part", {"100 / root.n", "integer"}}};
    config_.all_tables = false;
    config_.indexes = {plain, share};
  }
  void WaitForDeadLetters(const std::string& ids) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (db_.Text("SELECT coalesce(string_agg(document_id, ',' ORDER BY document_id), '') "
                    "FROM pgsluice.dead_letter") != ids) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline)
          << process_->trouble("sync") << process_->trouble("engine");
    }
  }
  void ExpectBoth() {
    ExpectIndex("plain", "SELECT id::text, to_json(item) FROM item");
    ExpectIndex("share",
                "SELECT id::text, json_build_object('id', id, 'n', n, 'part', 100 / n) FROM item "
                "WHERE n <> 0");
  }
};

TEST_F(UnreadableRows, AreDeadLettersOfTheirIndexAndCuredByTheNextChange) {
  Start();
  Settle();
  Exec("UPDATE item SET n = CASE WHEN id IN (7, 70) THEN 0 ELSE n + 1 END");
  WaitForDeadLetters("7,70");
  Settle();
  EXPECT_EQ(db_.Text("SELECT string_agg(DISTINCT index_name || ': ' || error, '') "
                     "FROM pgsluice.dead_letter"),
            "share: division by zero (SQLSTATE 22012)");
  Exec("DELETE FROM item WHERE id = 70; UPDATE item SET n = 7 WHERE id = 7");
  WaitForDeadLetters("");
  ExpectBoth();
}

// After a key, the outbox has the other captured columns of its row.
TEST_F(UnreadableRows, AreNamedByTheirKeyAlone) {
  Exec("ALTER TABLE item ADD tenant text; UPDATE item SET tenant = 't' || id");
  config_.indexes[1].routing = "tenant";
  Start();
  Settle();
  Exec("UPDATE item SET n = 0 WHERE id = 7");
  WaitForDeadLetters("7");
  Exec("UPDATE item SET n = 1 WHERE id = 7");
  WaitForDeadLetters("");
}

TEST_F(UnreadableRows, DoNotStopABackfill) {
  Exec("UPDATE item SET n = 0 WHERE id IN (7, 70)");
  Start();
  WaitForDeadLetters("7,70");
  ExpectBoth();
}

TEST_F(UnreadableRows, DoNotStopAWalkOverTheIds) {
  Start();
  Settle();
  Exec("UPDATE item SET n = 0 WHERE id IN (7, 70)");
  WaitForDeadLetters("7,70");
  engine_->Send({.method = "PUT",
                 .path = "/" + Alias("share") + "/_doc/999",
                 .body = R"({"id":999,"__id":"999"})"});
  sync::CreateWalk(db_.session(), *process_->service().registry().Current()->indexes.at("share"));
  Settle();
  EXPECT_EQ(Document("share", "999"), "");
  EXPECT_EQ(Documents("share").size(), 100u);
}

TEST_F(UnreadableRows, VerifyAndReindexCompareTheOthers) {
  more_config_ = R"(, "indexes": {"plain": {"table": "item"}, "share": {"table": "item",
      "fields": {"part": {"sql": "100 / root.n", "type": "integer"}}}})";
  Start();
  Settle();
  Exec("UPDATE item SET n = 0 WHERE id IN (7, 70)");
  WaitForDeadLetters("7,70");
  // They contain what the rows were before.
  const testing::Outcome verify = Run({"verify", "--json"});
  EXPECT_EQ(verify.code, 3) << verify.err;
  EXPECT_THAT(verify.out, HasSubstr(R"({"index":"plain","compared":100,"differences":0})"));
  EXPECT_THAT(verify.out, HasSubstr(R"({"index":"share","id":"7","kind":"stale"})"));
  EXPECT_THAT(verify.out, HasSubstr(R"({"index":"share","compared":100,"differences":2})"));
  const testing::Outcome reindex = Run({"reindex", "share"});
  EXPECT_EQ(reindex.code, 0) << reindex.out << reindex.err;
  WaitForDeadLetters("7,70");
  ExpectBoth();
}

}  // namespace
}  // namespace pgsluice
