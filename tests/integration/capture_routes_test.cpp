#include <gmock/gmock.h>

#include "support/capture_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Every way a row can change writes the keys it had and has.
class CaptureRoutes : public CaptureTest {
 protected:
  CaptureRoutes() {
    Exec("CREATE TABLE t (id int PRIMARY KEY, v text)");
    Attach("'public.t'");
  }
};

TEST_F(CaptureRoutes, InsertUpdateDelete) {
  EXPECT_THAT(EventsOf("INSERT INTO t VALUES (1, 'a'), (2, 'b')"), ElementsAre("[1]", "[2]"));
  EXPECT_THAT(EventsOf("UPDATE t SET v = 'c' WHERE id = 1"), ElementsAre("[1]"));
  EXPECT_THAT(EventsOf("DELETE FROM t WHERE id = 2"), ElementsAre("[2]"));
}

TEST_F(CaptureRoutes, BothKeysOfAKeyChange) {
  Exec("INSERT INTO t VALUES (1, 'a')");
  Events();
  EXPECT_THAT(EventsOf("UPDATE t SET id = 7"), ElementsAre("[1]", "[7]"));
}

TEST_F(CaptureRoutes, ASwapOfTwoKeys) {
  Exec(
      "CREATE TABLE s (id int PRIMARY KEY DEFERRABLE, v text);"
      "INSERT INTO s VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  Attach("'public.s', ARRAY['id', 'v']");
  EXPECT_THAT(EventsOf("UPDATE s SET id = 3 - id WHERE id < 3"), ElementsAre("[1]", "[2]"));
}

TEST_F(CaptureRoutes, ManyRowsInOneStatement) {
  EXPECT_THAT(EventsOf("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 20000) AS g"),
              SizeIs(20000));
  EXPECT_THAT(EventsOf("UPDATE t SET v = 'y'"), SizeIs(20000));
}

TEST_F(CaptureRoutes, AStatementWithoutRowsWritesNothing) {
  EXPECT_THAT(EventsOf("UPDATE t SET v = 'x' WHERE false"), IsEmpty());
  EXPECT_THAT(EventsOf("DELETE FROM t"), IsEmpty());
}

TEST_F(CaptureRoutes, Truncate) { EXPECT_THAT(EventsOf("TRUNCATE t"), ElementsAre("truncated")); }

TEST_F(CaptureRoutes, TruncateCascadeReachesTheChild) {
  Exec("CREATE TABLE child (id int PRIMARY KEY, t_id int REFERENCES t)");
  const std::string child = Attach("'public.child'");
  Exec("TRUNCATE t CASCADE");
  EXPECT_EQ(
      db_.Text("SELECT count(*) FROM pgsluice.outbox WHERE keys IS NULL AND source = " + child),
      "1");
}

TEST_F(CaptureRoutes, OnConflictAndMergeAndWritableCtes) {
  Exec("INSERT INTO t VALUES (1, 'a')");
  Events();
  EXPECT_THAT(EventsOf("INSERT INTO t VALUES (1, 'b'), (2, 'c') "
                       "ON CONFLICT (id) DO UPDATE SET v = excluded.v"),
              ElementsAre("[1]", "[2]"));
  EXPECT_THAT(EventsOf("INSERT INTO t VALUES (1, 'z') ON CONFLICT DO NOTHING"), IsEmpty());
  EXPECT_THAT(EventsOf("WITH gone AS (DELETE FROM t WHERE id = 1 RETURNING v) "
                       "INSERT INTO t SELECT 3, v FROM gone"),
              ElementsAre("[1]", "[3]"));
  if (db_.session().server_version() >= 150000) {
    EXPECT_THAT(
        EventsOf("MERGE INTO t USING (VALUES (2), (9)) AS s(id) ON s.id = t.id "
                 "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'm')"),
        ElementsAre("[2]", "[9]"));
  }
}

TEST_F(CaptureRoutes, ForeignKeyActions) {
  Exec(
      "CREATE TABLE gone (id int PRIMARY KEY, t_id int REFERENCES t "
      "  ON DELETE CASCADE ON UPDATE CASCADE);"
      "CREATE TABLE kept (id int PRIMARY KEY, t_id int REFERENCES t ON DELETE SET NULL "
      "  ON UPDATE CASCADE);"
      "INSERT INTO t VALUES (1, 'a'); INSERT INTO gone VALUES (10, 1);"
      "INSERT INTO kept VALUES (20, 1)");
  Attach("'public.gone', NULL, ARRAY['t_id']");
  Attach("'public.kept', NULL, ARRAY['t_id']");
  Events();
  EXPECT_THAT(EventsOf("UPDATE t SET id = 2"),
              ElementsAre("[10, 1]", "[10, 2]", "[1]", "[20, 1]", "[20, 2]", "[2]"));
  EXPECT_THAT(EventsOf("DELETE FROM t"), ElementsAre("[10, 2]", "[20, 2]", "[20, null]", "[2]"));
}

TEST_F(CaptureRoutes, UserTriggersThatChangeOtherRows) {
  Exec(
      "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN UPDATE public.t SET v = ''touched'' WHERE id = new.id + 100; RETURN NULL; END';"
      "INSERT INTO t VALUES (101, 'a');"
      "CREATE TRIGGER touch AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch()");
  Events();
  EXPECT_THAT(EventsOf("INSERT INTO t VALUES (1, 'a')"), ElementsAre("[101]", "[1]"));
}

TEST_F(CaptureRoutes, SavepointsTakeTheirEventsBack) {
  pg::Session& session = db_.session();
  session.Begin();
  Exec(
      "INSERT INTO t VALUES (1, 'a'); SAVEPOINT s; INSERT INTO t VALUES (2, 'b');"
      "ROLLBACK TO s; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, 'again')");
  session.Commit();
  EXPECT_THAT(Events(), ElementsAre("[1]"));
  session.Begin();
  Exec("INSERT INTO t VALUES (3, 'c')");
  session.Rollback();
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(CaptureRoutes, WritersAtEveryIsolationLevel) {
  for (const std::string level : {"REPEATABLE READ", "SERIALIZABLE"}) {
    pg::Session& session = db_.session();
    session.Begin();
    Exec("SET TRANSACTION ISOLATION LEVEL " + level);
    Exec("INSERT INTO t VALUES (1, 'a'); DELETE FROM t");
    session.Commit();
    EXPECT_THAT(Events(), ElementsAre("[1]")) << level;
  }
}

TEST_F(CaptureRoutes, LogicalReplicationWritesInReplicaRole) {
  Exec("CREATE TABLE r (id int PRIMARY KEY, v text)");
  Attach("'public.r', mode => 'row'");
  Exec("SET session_replication_role = replica");
  EXPECT_THAT(EventsOf("INSERT INTO r VALUES (1, 'a')"), ElementsAre("[1]"));
  EXPECT_THAT(EventsOf("UPDATE r SET id = 2"), ElementsAre("[1]", "[2]"));
  EXPECT_THAT(EventsOf("DELETE FROM r"), ElementsAre("[2]"));
  EXPECT_THAT(EventsOf("TRUNCATE r"), ElementsAre("truncated"));
}

}  // namespace
}  // namespace pgsluice::testing
