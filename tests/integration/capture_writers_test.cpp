#include <gmock/gmock.h>

#include "pgsluice/pg/sql_error.h"
#include "support/capture_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The rights and settings of writers, and the effect of attach and detach on them.
class CaptureWriters : public CaptureTest {
 protected:
  CaptureWriters() {
    Exec("CREATE TABLE t (id int PRIMARY KEY, v text)");
    Attach("'public.t'");
  }
  ~CaptureWriters() override { db_.Exec("RESET ROLE"); }

  std::string Traces() {
    return db_.Text(
        "SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgsluice%') + "
        "(SELECT count(*) FROM pg_proc WHERE proname LIKE 'capture\\_%') + "
        "(SELECT count(*) FROM pgsluice.source) + (SELECT count(*) FROM pgsluice.outbox)");
  }

  std::string SqlStateOf(pg::Session& session, const std::string& sql) {
    try {
      session.Exec(sql);
    } catch (const pg::SqlError& error) {
      return error.sqlstate();
    }
    return "00000";
  }
};

TEST_F(CaptureWriters, NeedNoPrivilegeOnTheOutbox) {
  const std::string role = db_.Text("SELECT current_database()") + "_writer";
  Exec("CREATE ROLE " + role + "; GRANT INSERT, SELECT ON t TO " + role);
  Exec("SET ROLE " + role);
  Exec("INSERT INTO public.t VALUES (1, 'a')");
  EXPECT_EQ(SqlStateOf(db_.session(), "SELECT count(*) FROM pgsluice.outbox"), "42501");
  Exec("CREATE TEMP TABLE mine (id int)");
  EXPECT_EQ(SqlStateOf(db_.session(),
                       "CREATE TRIGGER forged AFTER INSERT ON mine EXECUTE FUNCTION "
                       "pgsluice.capture_1_truncate()"),
            "42501");
  Exec("DROP TABLE mine; RESET ROLE");
  EXPECT_THAT(Events(), ElementsAre("[1]"));
  Exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(CaptureWriters, CannotMisleadByNamesOfTheirOwn) {
  Exec(
      "CREATE SCHEMA evil;"
      "CREATE FUNCTION evil.jsonb_build_array(VARIADIC \"any\") RETURNS jsonb LANGUAGE internal "
      "IMMUTABLE AS 'jsonb_build_array';"
      "CREATE FUNCTION evil.pg_try_advisory_xact_lock_shared(int, int) RETURNS boolean "
      "LANGUAGE sql AS 'SELECT 1 / 0 = 1';"
      "CREATE TEMP TABLE outbox (id bigint); CREATE TEMP TABLE new_rows (id int, v text);"
      "SET search_path = evil, pg_temp, pg_catalog, public");
  EXPECT_THAT(EventsOf("INSERT INTO public.t VALUES (1, 'a')"), ElementsAre("[1]"));
}

TEST_F(CaptureWriters, RowLevelSecurityHidesNothingFromCapture) {
  Exec(
      "ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;"
      "CREATE POLICY blind ON t FOR SELECT USING (false); CREATE POLICY w ON t FOR INSERT "
      "WITH CHECK (true)");
  const std::string role = db_.Text("SELECT current_database()") + "_blind";
  Exec("CREATE ROLE " + role + "; GRANT INSERT ON t TO " + role + "; SET ROLE " + role);
  Exec("SET row_security = on; INSERT INTO public.t VALUES (1, 'a'); RESET ROLE");
  EXPECT_THAT(Events(), ElementsAre("[1]"));
  Exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(CaptureWriters, ASequenceSetBackNeverFailsAWrite) {
  Exec("INSERT INTO t VALUES (1, 'a'); ALTER SEQUENCE pgsluice.outbox_id_seq RESTART");
  EXPECT_THAT(EventsOf("INSERT INTO t VALUES (2, 'b')"), ElementsAre("[1]", "[2]"));
}

TEST_F(CaptureWriters, WakeASleeperAndOnlyASleeper) {
  pg::Listener listener(db_.options(), "pgsluice");
  Exec("INSERT INTO t VALUES (1, 'a')");
  EXPECT_FALSE(listener.Wait(50));
  const std::string lock = "SELECT pg_catalog.pg_try_advisory_lock(1886612588, 1)";
  ASSERT_TRUE(listener.session().Exec(lock).Bool(0, 0));
  Exec("UPDATE t SET v = 'b' WHERE false");
  EXPECT_FALSE(listener.Wait(50));
  Exec("INSERT INTO t VALUES (2, 'b')");
  const bool prepares = db_.Text("SHOW max_prepared_transactions") != "0";
  EXPECT_EQ(listener.Wait(prepares ? 50 : 5000), !prepares);
}

TEST_F(CaptureWriters, AttachingAgainChangesNothingAndWaitsForNobody) {
  pg::Session writer(db_.options());
  writer.Begin();
  writer.Exec("INSERT INTO public.t VALUES (1, 'a')");
  EXPECT_EQ(db_.Text("SELECT pgsluice.attach_sql('t')"), "");
  Attach("'public.t'");
  // Other watched columns: the functions change, the triggers stay.
  Attach("'public.t', ARRAY['id']");
  writer.Commit();
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.source"), "1");
}

TEST_F(CaptureWriters, AnotherCapturedListIsAnotherSource) {
  Exec("INSERT INTO t VALUES (1, 'a')");
  const std::string before = db_.Text("SELECT source FROM pgsluice.outbox");
  const std::string after = Attach("'public.t', NULL, ARRAY['v']");
  EXPECT_NE(before, after);
  EXPECT_EQ(db_.Text("SELECT captured FROM pgsluice.source WHERE id = " + before), "{id}");
  EXPECT_THAT(EventsOf("INSERT INTO t VALUES (2, 'b')"), ElementsAre("[1]", "[2, \"b\"]"));
}

TEST_F(CaptureWriters, AttachGivesUpWithAHint) {
  Exec("CREATE TABLE busy (id int PRIMARY KEY)");
  pg::Session writer(db_.options());
  writer.Begin();
  writer.Exec("INSERT INTO public.busy VALUES (1)");
  try {
    Attach("'public.busy'");
    FAIL();
  } catch (const pg::SqlError& error) {
    EXPECT_EQ(error.sqlstate(), "55P03");
    EXPECT_THAT(error.Full(), HasSubstr("busy"));
  }
  writer.Commit();
  Attach("'public.busy'");
  EXPECT_THAT(EventsOf("DELETE FROM busy"), ElementsAre("[1]"));
}

TEST_F(CaptureWriters, DetachLeavesNothing) {
  Exec("INSERT INTO t VALUES (1, 'a'); CREATE TABLE child (x int) INHERITS (t)");
  Attach("'public.t', NULL, ARRAY['v']");
  Exec("INSERT INTO child VALUES (2, 'b', 3); SELECT pgsluice.detach('t')");
  EXPECT_EQ(Traces(), "0");
}

TEST_F(CaptureWriters, DetachDoesNotWaitForAPoller) {
  Exec("INSERT INTO t VALUES (1, 'a')");
  pg::Session poller(db_.options());
  poller.Begin();
  poller.Exec("SELECT FROM pgsluice.outbox FOR UPDATE SKIP LOCKED");
  Exec("SELECT pgsluice.detach('t')");
  poller.Rollback();
}

TEST_F(CaptureWriters, WhatCannotBeAttachedSaysWhy) {
  Exec("CREATE VIEW seen AS SELECT * FROM t; CREATE TABLE empty ()");
  EXPECT_EQ(SqlStateOf(db_.session(), "SELECT pgsluice.attach('seen')"), "P0001");
  EXPECT_EQ(SqlStateOf(db_.session(), "SELECT pgsluice.attach('empty')"), "P0001");
  EXPECT_EQ(SqlStateOf(db_.session(), "SELECT pgsluice.attach('t', ARRAY['nope'])"), "55000");
  EXPECT_EQ(SqlStateOf(db_.session(), "SELECT pgsluice.attach('t', mode => 'x')"), "P0001");
}

}  // namespace
}  // namespace pgsluice::testing
