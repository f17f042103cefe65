// Exclusive locks on tables while batches read them.

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/plan/plan.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

class Locks : public testing::SyncTest {
 protected:
  void SetUp() override {
    Exec(
        "CREATE TABLE a (id int PRIMARY KEY, n int); CREATE TABLE b (id int PRIMARY KEY, n int);"
        "INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1)");
  }
  void WaitForWaiting(const std::string& type) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const std::string waiting =
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = '" + type +
        "' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    while (db_.Text(waiting) != "t") ASSERT_LT(std::chrono::steady_clock::now(), deadline) << type;
  }
};

TEST_F(Locks, ABatchGivesWayToATruncateOfTwoTables) {
  Exec(
      "CREATE FUNCTION gate(int) RETURNS boolean LANGUAGE plpgsql STABLE AS "
      "'BEGIN PERFORM pg_catalog.pg_advisory_xact_lock_shared(7); RETURN true; END'");
  ConfigureIndexes(R"json({"indexes": {"a": {"where": "public.gate(id)"}, "b": {}}})json");
  config_.sync.workers = 1;
  Start();
  Settle();
  // The batch has begun to read a when the tables are truncated, and then needs b.
  pg::Session gate(db_.options());
  gate.Exec("SELECT pg_advisory_lock(7)");
  Exec("BEGIN; UPDATE a SET n = 2; UPDATE b SET n = 2; COMMIT");
  WaitForWaiting("advisory");
  auto user = std::async(std::launch::async, [&] {
    pg::Session session(db_.options());
    session.Exec("BEGIN; TRUNCATE public.b; TRUNCATE public.a; COMMIT");
  });
  WaitForWaiting("relation");
  gate.Exec("SELECT pg_advisory_unlock(7)");
  EXPECT_NO_THROW(user.get());
  ExpectIndex("a", "SELECT id::text, to_json(a) FROM a");
  ExpectIndex("b", "SELECT id::text, to_json(b) FROM b");
}

TEST_F(Locks, AreNotATroubleUntilTheyLast) {
  ConfigureIndexes(R"({"indexes": {"a": {}}})");
  Start();
  Settle();
  pg::Session user(db_.options());
  user.Exec("BEGIN; LOCK TABLE public.a");
  Exec("INSERT INTO pgsluice.outbox (source, keys) SELECT id, '[[1]]' FROM pgsluice.source");
  WaitForWaiting("relation");
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  while (process_->trouble("sync").empty()) {
    ASSERT_LT(Clock::now() - begin, std::chrono::seconds(60));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GT(Clock::now() - begin, std::chrono::milliseconds(4500));
  user.Exec("UPDATE public.a SET n = 2; COMMIT");
  ExpectIndex("a", "SELECT id::text, to_json(a) FROM a");
  const Clock::time_point written = Clock::now();
  while (!process_->trouble("sync").empty()) {
    ASSERT_LT(Clock::now() - written, std::chrono::seconds(60));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

TEST_F(Locks, TheSqlOfDocumentsIsNotWrongBecauseATableIsLocked) {
  ConfigureIndexes(R"({"indexes": {"a": {"where": "n > 0"}}})");
  pg::Session user(db_.options());
  user.Exec("BEGIN; LOCK TABLE public.a");
  pg::Session session({.url = db_.url(), .lock_timeout_ms = 1});
  const catalog::Catalog catalog = catalog::Catalog::Load(session);
  config::Findings findings;
  try {
    plan::BuildPlans(config_, catalog, session, findings);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.disposition(), Disposition::kRetry);
  }
  EXPECT_TRUE(findings.empty());
}

}  // namespace
}  // namespace pgsluice
