// A row whose document cannot be computed is a dead letter, and holds up nobody else.

#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

class UnreadableRows : public testing::SyncTest {
 protected:
  /// Two indexes of one table; the documents of `share` hold 100 / n.
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

TEST_F(UnreadableRows, DoNotStopABackfill) {
  Exec("UPDATE item SET n = 0 WHERE id IN (7, 70)");
  Start();
  WaitForDeadLetters("7,70");
  ExpectBoth();
}

}  // namespace
}  // namespace pgsluice
