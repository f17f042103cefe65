// Ways to write that need a specially configured server: prepared transactions, logical
// replication.

#include <gtest/gtest.h>

#include "support/own_postgres.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

struct HasServer {
  testing::OwnPostgres server{{"max_prepared_transactions=10", "wal_level=logical"}};
};

class SyncServers : private HasServer, public testing::SyncTest {
 protected:
  SyncServers() : SyncTest(server.UrlOf("postgres")) {}
  ~SyncServers() override { process_.reset(); }

  using HasServer::server;
  void ExpectItems() { ExpectIndex("item", "SELECT id::text, to_json(item) FROM item"); }
  void WaitFor(const std::string& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (db_.Text("SELECT " + condition) != "t") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << condition;
    }
  }
};

TEST_F(SyncServers, PreparedTransactions) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, v text); INSERT INTO item VALUES (1, 'a')");
  Start();
  ExpectItems();
  Exec("BEGIN; INSERT INTO item VALUES (2, 'prepared'); UPDATE item SET v = 'b' WHERE id = 1");
  Exec("PREPARE TRANSACTION 'first'");
  Exec("BEGIN; DELETE FROM item WHERE id = 1000; INSERT INTO item VALUES (3, 'undone')");
  Exec("PREPARE TRANSACTION 'second'");
  // Later changes do not wait for it, and it is not skipped.
  Exec("INSERT INTO item SELECT n, 'later' FROM generate_series(10, 600) n");
  ExpectItems();
  // Not even if the server restarts meanwhile.
  process_->Stop();
  process_.reset();
  server.Stop(testing::OwnPostgres::Mode::kImmediate);
  server.Start();
  db_.Reconnect();
  process_ = std::make_unique<testing::SyncProcess>(config_);
  process_->Start();
  Exec("UPDATE item SET v = 'after the restart' WHERE id = 10");
  ExpectItems();
  Exec("COMMIT PREPARED 'first'");
  Exec("ROLLBACK PREPARED 'second'");
  ExpectItems();
  EXPECT_EQ(db_.Text("SELECT v FROM item WHERE id = 1"), "b");
}

TEST_F(SyncServers, TablesWrittenByLogicalReplication) {
  const std::string create = "CREATE TABLE item (id int PRIMARY KEY, v text)";
  server.Exec("CREATE DATABASE origin");
  pg::Session origin({.url = server.UrlOf("origin")});
  origin.Exec("SET search_path = public; " + create +
              "; INSERT INTO item SELECT n, 'copied' FROM generate_series(1, 100) n");
  origin.Exec("CREATE PUBLICATION everything FOR TABLE item");
  origin.Exec("SELECT pg_create_logical_replication_slot('sluice', 'pgoutput')");
  Exec(create);
  db_.Migrate();
  Exec("SELECT pgsluice.attach('item', mode => 'row')");
  Attach();  // Like `pgsluice attach` and `migrate up`: the mode stays.
  EXPECT_EQ(db_.Text("SELECT mode FROM pgsluice.source WHERE is_current"), "row");
  process_ = std::make_unique<testing::SyncProcess>(config_);
  process_->Start();
  Settle();
  Exec("CREATE SUBSCRIPTION sluice CONNECTION '" + server.UrlOf("origin") +
       "' PUBLICATION everything WITH (create_slot = false, slot_name = sluice)");
  WaitFor("count(*) = 100 FROM item");
  ExpectItems();
  origin.Exec("UPDATE item SET v = 'changed' WHERE id % 2 = 0");
  origin.Exec("UPDATE item SET id = id + 1000 WHERE id < 10; DELETE FROM item WHERE id = 50");
  origin.Exec("INSERT INTO item VALUES (5000, 'last')");
  WaitFor("count(*) = 1 FROM item WHERE id = 5000");
  ExpectItems();
  origin.Exec("TRUNCATE item");
  origin.Exec("INSERT INTO item VALUES (1, 'anew')");
  WaitFor("count(*) = 1 FROM item");
  ExpectItems();
  Exec("UPDATE item SET v = 'written here'");
  ExpectItems();
  Exec("DROP SUBSCRIPTION sluice");
}

}  // namespace
}  // namespace pgsluice
