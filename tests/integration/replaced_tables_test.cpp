// Tables that are replaced, moved, renamed and renamed back, and triggers that are removed: the
// running service notices and fills the index again.

#include <gmock/gmock.h>

#include <thread>

#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

class ReplacedTables : public testing::SyncTest {
 protected:
  void StartWithItems() {
    Exec(kItem);
    Exec("INSERT INTO item SELECT g, g FROM generate_series(1, 50) g");
    ConfigureIndexes(R"({"indexes": {"item": {"table": "item"}}})");
    Start();
    ExpectItems();
  }
  std::string Hash() { return db_.Text("SELECT config_hash FROM pgsluice.index_state"); }
  /// Waits until another definition is in force than `before`.
  void AwaitOther(const std::string& before) {
    Await([&] { return Hash() != before && !Hash().empty(); });
  }
  template <typename Condition>
  static void Await(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  /// Waits until a gap was marked and closed since `generation`.
  void AwaitRefill(const std::string& generation) {
    Await([&] { return Generation() != generation && !Hash().empty(); });
  }
  std::string Generation() { return db_.Text("SELECT generation FROM pgsluice.state"); }
  void Write() {
    Exec(
        "UPDATE item SET n = n + 100 WHERE id % 3 = 0; DELETE FROM item WHERE id % 7 = 0; "
        "INSERT INTO item SELECT max(id) + 1, 0 FROM item");
  }
  void ExpectItems() { ExpectIndex("item", "SELECT id::text, to_json(item) FROM item"); }
  void ExpectStatus() {
    // The table has one row here, whatever it was before.
    EXPECT_EQ(
        db_.Text("SELECT count(*) FROM pgsluice.source s JOIN pg_class c ON c.oid = s.relation "
                 "WHERE is_current AND relname = 'item'"),
        "1");
  }

  static constexpr const char* kItem = "CREATE TABLE item (id int PRIMARY KEY, n int)";
};

TEST_F(ReplacedTables, DroppedAndCreatedAgain) {
  StartWithItems();
  const std::string before = Hash();
  Exec("BEGIN; DROP TABLE item; " + std::string(kItem) +
       "; INSERT INTO item SELECT g, -g FROM generate_series(40, 60) g; COMMIT");
  AwaitOther(before);
  Write();
  ExpectItems();
  ExpectStatus();
  Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.source") == "1"; });
}

TEST_F(ReplacedTables, SwappedByRenamingAndBack) {
  StartWithItems();
  const std::string before = Hash();
  Exec(
      "CREATE TABLE item_new (LIKE item INCLUDING ALL); "
      "INSERT INTO item_new SELECT g, -g FROM generate_series(40, 60) g; "
      "BEGIN; ALTER TABLE item RENAME TO item_old; ALTER TABLE item_new RENAME TO item; COMMIT");
  AwaitOther(before);
  Write();
  ExpectItems();
  const std::string swapped = Hash();
  Exec(
      "UPDATE item_old SET n = 7 WHERE id = 1; BEGIN; ALTER TABLE item RENAME TO item_new; "
      "ALTER TABLE item_old RENAME TO item; COMMIT");
  AwaitOther(swapped);
  Write();
  ExpectItems();
}

TEST_F(ReplacedTables, SwappedForAMomentWhileEventsWait) {
  StartWithItems();
  Exec(
      "CREATE TABLE item_new (LIKE item INCLUDING ALL); "
      "INSERT INTO item_new SELECT g, -g FROM generate_series(1, 60) g");
  for (int round = 0; round < 5; ++round) {
    Exec("UPDATE item SET n = n + 1");
    Exec("BEGIN; ALTER TABLE item RENAME TO item_old; ALTER TABLE item_new RENAME TO item; COMMIT");
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    Exec("BEGIN; ALTER TABLE item RENAME TO item_new; ALTER TABLE item_old RENAME TO item; COMMIT");
  }
  Await([&] { return !Hash().empty() && db_.Text("SELECT count(*) FROM pgsluice.outbox") == "0"; });
  ExpectItems();
}

TEST_F(ReplacedTables, MovedToAnotherSchemaAndBack) {
  StartWithItems();
  const std::string before = Hash();
  Exec("CREATE SCHEMA attic; BEGIN; ALTER TABLE item SET SCHEMA attic; " + std::string(kItem) +
       "; INSERT INTO item VALUES (1, 5); COMMIT");
  AwaitOther(before);
  Write();
  ExpectItems();
  const std::string moved = Hash();
  Exec(
      "UPDATE attic.item SET n = 9; BEGIN; DROP TABLE item; ALTER TABLE attic.item SET SCHEMA "
      "public; COMMIT");
  AwaitOther(moved);
  ExpectItems();
}

TEST_F(ReplacedTables, RestoredWhileTheServiceIsDown) {
  StartWithItems();
  process_->Stop();
  Exec(
      "CREATE TABLE saved AS SELECT * FROM item; UPDATE item SET n = 0; DELETE FROM item WHERE id "
      "> "
      "45; INSERT INTO item VALUES (777, 7); DROP TABLE item; " +
      std::string(kItem) + "; INSERT INTO item SELECT * FROM saved WHERE id <> 3");
  Attach();
  testing::SyncProcess again(config_);
  again.Start();
  ExpectItems();
  ExpectStatus();
}

TEST_F(ReplacedTables, AColumnIsRenamedAndBack) {
  Exec(kItem);
  Exec(
      "CREATE TABLE child (id int PRIMARY KEY, item_id int, v int); CREATE INDEX ON child "
      "(item_id);"
      "INSERT INTO item SELECT g, g FROM generate_series(1, 20) g; "
      "INSERT INTO child SELECT g, g, g FROM generate_series(1, 20) g");
  ConfigureIndexes(R"({"indexes": {"item": {"table": "item", "embed": {"children": {
      "table": "child", "on": {"id": "item_id"}, "columns": ["id", "v"]}}}}})");
  Start();
  Settle();
  Exec("ALTER TABLE child RENAME COLUMN v TO w");
  Exec("UPDATE child SET w = w + 100");
  Await([&] {
    return db_.Text("SELECT unattended_since IS NOT NULL FROM pgsluice.index_state") == "t";
  });
  const auto expect = [&] {
    ExpectIndex(
        "item",
        "SELECT id::text, json_build_object('id', id, 'n', n, 'children', (SELECT "
        "json_agg(json_build_object('id', id, 'v', v) ORDER BY id) FROM child WHERE item_id "
        "= item.id)) FROM item");
  };
  Exec("ALTER TABLE child RENAME COLUMN w TO v");  // Soon: the events waited.
  expect();
  Exec("ALTER TABLE child RENAME COLUMN v TO w");
  Await([&] {
    return db_.Text("SELECT unattended_since IS NOT NULL FROM pgsluice.index_state") == "t";
  });
  Exec("UPDATE pgsluice.index_state SET unattended_since = now() - interval '2 min'");
  Await([&] { return Hash().empty(); });
  Exec("UPDATE child SET w = w + 100 WHERE id < 10");
  Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.outbox") == "0"; });
  Exec("ALTER TABLE child RENAME COLUMN w TO v");  // Late: filled again.
  Await([&] { return !Hash().empty(); });
  expect();
}

// The events have wrong keys, and nothing shows the change when the service checks.
TEST_F(ReplacedTables, ACapturedColumnHasAnotherNameForAMoment) {
  Exec(
      "CREATE TABLE child (id int PRIMARY KEY, item_id int, other_id int, v int); CREATE INDEX ON "
      "child (item_id); INSERT INTO child SELECT g, g % 9, g % 7, g FROM generate_series(1, 60) "
      "g; " +
      std::string(kItem) + "; INSERT INTO item SELECT g, g FROM generate_series(0, 9) g");
  ConfigureIndexes(R"({"indexes": {"item": {"table": "item", "embed": {"children": {
      "table": "child", "on": {"id": "item_id"}, "columns": ["id", "v"]}}}}})");
  Start();
  for (int round = 0; round < 3; ++round) {
    Settle();
    const std::string swap =
        "BEGIN; ALTER TABLE child RENAME item_id TO x; ALTER TABLE child RENAME other_id TO "
        "item_id; "
        "ALTER TABLE child RENAME x TO other_id; COMMIT; ";
    Exec(
        swap + "UPDATE child SET v = v + 1000; " + swap +
        "BEGIN; ALTER TABLE child RENAME v TO w; COMMIT; UPDATE child SET w = w + 10 WHERE id < 5; "
        "ALTER TABLE child RENAME w TO v");
    ExpectIndex(
        "item",
        "SELECT id::text, json_build_object('id', id, 'n', n, 'children', (SELECT coalesce("
        "json_agg(json_build_object('id', id, 'v', v) ORDER BY id), '[]') FROM child WHERE item_id "
        "= item.id)) FROM item");
  }
}

TEST_F(ReplacedTables, TriggersThatSomebodyTakesAway) {
  StartWithItems();
  for (const char* change :
       {"SELECT pgsluice.detach('item')", "ALTER TABLE item DISABLE TRIGGER USER",
        "ALTER TABLE item DISABLE TRIGGER ALL; UPDATE item SET n = n + 1; "
        "ALTER TABLE item ENABLE TRIGGER ALL",
        "DO $$ BEGIN EXECUTE (SELECT format('DROP TRIGGER %I ON item', tgname) FROM pg_trigger "
        "WHERE "
        "tgname LIKE 'pgsluice%update' AND tgrelid = 'public.item'::regclass); END $$",
        "DO $$ BEGIN EXECUTE (SELECT format('DROP FUNCTION pgsluice.%I CASCADE', proname) FROM "
        "pg_proc "
        "WHERE proname LIKE 'capture%insert'); END $$"}) {
    SCOPED_TRACE(change);
    const std::string generation = Generation();
    Exec(std::string("BEGIN; SET LOCAL search_path = public; ") + change + "; COMMIT");
    Exec(
        "UPDATE item SET n = n + 1000 WHERE id < 10; DELETE FROM item WHERE id = (SELECT max(id) "
        "FROM "
        "item)");
    AwaitRefill(generation);
    Await([&] {
      return db_.Text("SELECT bool_and(pgsluice.is_attached(id)) FROM pgsluice.source") == "t";
    });
    ExpectItems();
    Write();
    ExpectItems();
  }
}

}  // namespace
}  // namespace pgsluice
