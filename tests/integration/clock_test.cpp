#include <gtest/gtest.h>

#include "pgsluice/pg/session.h"
#include "support/pg_sandbox.h"

namespace pgsluice::testing {
namespace {

// The clock orders snapshots: it never goes back, and is equal only if the same data is visible.
class Clock : public ::testing::Test {
 protected:
  Clock() {
    db_.Migrate();
    db_.Exec("CREATE TABLE t (n int)");
  }

  static std::int64_t Of(pg::Session& session) {
    return session.Exec("SELECT pgsluice.clock()").Int(0, 0);
  }

  /// The clock counts the transactions of the whole server, and other tests run at the same time,
  /// so compares at a moment in which no transaction ends.
  void ExpectSameClock(pg::Session& session) {
    for (int attempt = 0; attempt < 10'000; ++attempt) {
      const std::int64_t before = Of(db_.session());
      const std::int64_t now = Of(session);
      if (Of(db_.session()) != before) continue;
      EXPECT_EQ(now, before);
      return;
    }
    FAIL() << "the server never rests";
  }

  PgSandbox db_;
};

// A transaction does not find its own id among the running ones; if it is below xmax, it must be
// subtracted.
TEST_F(Clock, AnOwnTransactionIdDoesNotPutTheClockAhead) {
  pg::Session poller(db_.options());
  pg::Session writer(db_.options());
  poller.Begin();
  poller.Exec("SELECT pg_current_xact_id()");
  // A later id ends, so that xmax passes the poller's own.
  writer.Exec("INSERT INTO public.t VALUES (1)");
  const std::int64_t inside = Of(poller);
  ExpectSameClock(poller);
  poller.Exec("SAVEPOINT s; INSERT INTO public.t VALUES (2)");
  writer.Exec("INSERT INTO public.t VALUES (3)");
  ExpectSameClock(poller);
  EXPECT_GT(Of(poller), inside);
  poller.Exec("ROLLBACK TO s");
  ExpectSameClock(poller);
  const std::int64_t before = Of(db_.session());
  poller.Commit();
  EXPECT_GT(Of(db_.session()), before);
}

// In READ COMMITTED, the clock belongs to the statement's snapshot, everywhere in the statement.
TEST_F(Clock, IsTheSnapshotOfTheStatementThatReads) {
  pg::Session reader(db_.options());
  pg::Session other(db_.options());
  const pg::Result rows = other.Exec(
      "SELECT (SELECT pgsluice.clock()), pgsluice.clock(), "
      "pg_snapshot_xmax(s)::text::bigint - (SELECT count(*) FROM pg_snapshot_xip(s)) "
      "FROM pg_current_snapshot() AS s");
  EXPECT_EQ(rows.Int(0, 0), rows.Int(0, 1));
  EXPECT_EQ(rows.Int(0, 0), rows.Int(0, 2));
  // Within one READ COMMITTED transaction, each statement has its own clock.
  reader.Begin();
  const std::int64_t first = Of(reader);
  other.Exec("INSERT INTO public.t VALUES (1)");
  EXPECT_GT(Of(reader), first);
  reader.Rollback();
}

TEST_F(Clock, GoesUpWithEveryTransactionAndNeverBack) {
  std::int64_t last = Of(db_.session());
  pg::Session open(db_.options());
  open.Begin();
  open.Exec("INSERT INTO public.t VALUES (0)");
  for (int i = 0; i < 20; ++i) {
    db_.Exec(i % 3 == 0 ? "BEGIN; INSERT INTO t VALUES (1); ROLLBACK" : "INSERT INTO t VALUES (1)");
    const std::int64_t now = Of(db_.session());
    EXPECT_GT(now, last);
    last = now;
  }
  open.Rollback();
  EXPECT_GT(Of(db_.session()), last);
}

TEST_F(Clock, AnEpochBeginsWhereTheClockFallsBack) {
  const std::string check = "SELECT pgsluice.check_epoch(";
  EXPECT_EQ(db_.Text(check + "0)"), "f");
  EXPECT_EQ(db_.Text(check + "pgsluice.version())"), "f");
  const std::string ahead = db_.Text("SELECT pgsluice.version() + 1000000");
  EXPECT_EQ(db_.Text(check + ahead + ")"), "t");
  EXPECT_EQ(db_.Text("SELECT pgsluice.version() > " + ahead), "t");
  EXPECT_EQ(db_.Text(check + ahead + ")"), "f");
  db_.Exec("UPDATE pgsluice.state SET server = 'another'");
  EXPECT_EQ(db_.Text(check + "0)"), "t");
  EXPECT_EQ(db_.Text("SELECT epoch FROM pgsluice.state"), "2");
}

TEST_F(Clock, APositionCoversWhatWasCommitted) {
  db_.Exec("SELECT pgsluice.attach('t')");
  EXPECT_EQ(db_.Text("SELECT pgsluice.position()"), "0");
  db_.Exec("INSERT INTO t VALUES (1)");
  EXPECT_EQ(db_.Text("SELECT pgsluice.position()::bigint = max(id) FROM pgsluice.outbox"), "t");
  EXPECT_EQ(db_.Text("SELECT pending FROM pgsluice.lag()"), "1");
}

}  // namespace
}  // namespace pgsluice::testing
