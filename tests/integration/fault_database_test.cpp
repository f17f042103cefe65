// All failures of PostgreSQL: recovered, nothing lost, nothing stale. Each test has its own server.

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

#include "support/own_postgres.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

struct HasServer {
  testing::OwnPostgres server;
};

class DatabaseFault : private HasServer, public testing::FaultTest {
 protected:
  DatabaseFault() : FaultTest(server.UrlOf("postgres")) {}
  ~DatabaseFault() override { process_.reset(); }

  using HasServer::server;
  void Restart() {
    server.Start();
    db_.Reconnect();
  }
  void WaitForNoTrouble(const std::string& part) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!process_->trouble(part).empty()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  void WaitForTrouble(const std::string& part) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (process_->trouble(part).empty()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
};

TEST_F(DatabaseFault, ImmediateShutdownAndRestartUnderLoad) {
  StartWith(2000);
  Exec("UPDATE item SET n = n + 1");
  server.Stop(testing::OwnPostgres::Mode::kImmediate);
  WaitForTrouble("database");
  Restart();
  Exec("DELETE FROM item WHERE id % 3 = 0; UPDATE item SET name = 'after' WHERE id % 3 = 1");
  ExpectRecovered();
  WaitForNoTrouble("database");
}

TEST_F(DatabaseFault, FastShutdownIsNotDelayedByUs) {
  StartWith(100);
  EXPECT_LT(server.Stop(testing::OwnPostgres::Mode::kFast), 5);  // idle
  Restart();
  Exec(
      "UPDATE item SET n = n + 1; INSERT INTO item SELECT g, 'x', g FROM generate_series(1000, "
      "20000) g");
  EXPECT_LT(server.Stop(testing::OwnPostgres::Mode::kFast), 5);  // at work
  Restart();
  Exec("DELETE FROM item WHERE id % 2 = 0");
  ExpectRecovered();
}

TEST_F(DatabaseFault, DropDatabaseIsNotDelayedByUs) {
  StartWith(100);
  const std::string name = db_.Text("SELECT current_database()");
  const auto begin = std::chrono::steady_clock::now();
  server.Exec("DROP DATABASE " + name + " WITH (FORCE)");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  WaitForTrouble("database");
  EXPECT_THAT(process_->trouble("database"), HasSubstr(name));
}

TEST_F(DatabaseFault, BackendsTerminatedUnderLoad) {
  StartWith(500);
  for (int round = 0; round < 10; ++round) {
    Exec("UPDATE item SET n = n + 1 WHERE id % 10 = " + std::to_string(round));
    Exec("INSERT INTO item VALUES (" + std::to_string(1000 + round) + ", 'new', 0)");
    Exec(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()");
  }
  ExpectRecovered();
}

TEST_F(DatabaseFault, RowsThatChangeDuringTheFirstCopy) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
  Exec("INSERT INTO item SELECT g, repeat('x', 300), g FROM generate_series(1, 8000) g");
  Start();
  for (int round = 0; round < 10; ++round) {
    const std::string tens = std::to_string(round);
    Exec("UPDATE item SET n = -n WHERE id % 10 = " + tens);
    Exec("DELETE FROM item WHERE id % 100 = " + tens);
    Exec("INSERT INTO item SELECT 100000 + g, 'new', g FROM generate_series(" + tens + "00, " +
         tens + "99) g");
  }
  ExpectRecovered();
}

TEST_F(DatabaseFault, FailoverToAnOlderCopyWhoseTransactionIdsWentBack) {
  StartWith(100);
  server.Stop(testing::OwnPostgres::Mode::kFast);
  server.KeepCopy();
  Restart();
  for (int i = 0; i < 50; ++i) Exec("UPDATE item SET n = n + 1 WHERE id = 1");
  Exec(
      "UPDATE item SET name = 'lost'; INSERT INTO item VALUES (500, 'lost', 1); "
      "DELETE FROM item WHERE id = 2");
  Settle();
  EXPECT_THAT(Document("item", "500"), HasSubstr("lost"));
  server.Stop(testing::OwnPostgres::Mode::kImmediate);
  server.RestoreCopy();
  Restart();
  const auto epoch = [&] { return db_.Text("SELECT epoch FROM pgsluice.state"); };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (Document("item", "500") != "") ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  Exec("UPDATE item SET n = 1000 WHERE id = 3");
  ExpectRecovered();
  EXPECT_NE(epoch(), "0");
}

// The epoch that was raised meanwhile is lost with the database, and no process is left that knows
// it.
TEST_F(DatabaseFault, RestoredToATimeBeforeTheEpochWasRaised) {
  StartWith(100);
  process_.reset();
  server.Stop(testing::OwnPostgres::Mode::kFast);
  server.KeepCopy();
  for (int restart = 0; restart < 3; ++restart) {
    Restart();
    process_ = std::make_unique<testing::SyncProcess>(config_);
    process_->Start();
    Exec("UPDATE item SET n = n + 1, name = 'lost' WHERE id < 50; INSERT INTO item VALUES (" +
         std::to_string(500 + restart) +
         ", 'lost', 1); DELETE FROM item WHERE id = " + std::to_string(60 + restart));
    Settle();
    process_.reset();
    server.Stop(testing::OwnPostgres::Mode::kFast);
  }
  server.RestoreCopy();
  Restart();
  process_ = std::make_unique<testing::SyncProcess>(config_);
  process_->Start();
  Exec("UPDATE item SET name = 'after' WHERE id = 7");
  ExpectRecovered();
  EXPECT_THAT(Document("item", "7"), HasSubstr("after"));
  EXPECT_GT(std::stoi(db_.Text("SELECT epoch FROM pgsluice.state")), 3);
}

}  // namespace
}  // namespace pgsluice
