#include <gmock/gmock.h>

#include "support/capture_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Tables of every shape, and tables that change their shape.
class CaptureTables : public CaptureTest {};

TEST_F(CaptureTables, UnwatchedColumnsWriteNoEvent) {
  Exec(
      "CREATE TABLE t (id int PRIMARY KEY, owner int, price numeric, note text);"
      "INSERT INTO t VALUES (1, 5, 1.0, 'a')");
  Attach("'public.t', ARRAY['id', 'owner', 'price'], ARRAY['owner']");
  EXPECT_THAT(EventsOf("UPDATE t SET note = 'b'"), IsEmpty());
  EXPECT_THAT(EventsOf("UPDATE t SET price = 1.00"), ElementsAre("[1, 5]"));
  EXPECT_THAT(EventsOf("UPDATE t SET owner = 6"), ElementsAre("[1, 5]", "[1, 6]"));
}

TEST_F(CaptureTables, IdentityIsAUsableUniqueIndexOrTheWholeRow) {
  Exec(
      "CREATE TABLE u (a int, b int NOT NULL, c int NOT NULL, d int NOT NULL);"
      "CREATE UNIQUE INDEX ON u (a); CREATE UNIQUE INDEX ON u (b) WHERE c > 0;"
      "CREATE UNIQUE INDEX ON u (c, d); CREATE UNIQUE INDEX ON u (d) INCLUDE (c);"
      "CREATE TABLE k (a int, b numeric)");
  EXPECT_EQ(db_.Text("SELECT pgsluice.identity_of('u')"), "{d}");
  EXPECT_EQ(db_.Text("SELECT pgsluice.identity_of('k')"), "{a,b}");
}

TEST_F(CaptureTables, TextsOfKeysDoNotDependOnTheWriter) {
  Exec("CREATE TABLE k (n numeric, f float8, b bytea, i interval, j json)");
  Attach("'public.k'");
  Exec("SET extra_float_digits = 0; SET intervalstyle = iso_8601; SET bytea_output = escape");
  EXPECT_THAT(
      EventsOf("INSERT INTO k SELECT 1.10, 0.1::float8 + 0.2, '\\x01', '1 day', '{\"a\":1}' "
               "FROM generate_series(1, 2)"),
      ElementsAre(R"(["1.10", "0.30000000000000004", "\\x01", "1 day", "{\"a\":1}"])"));
}

TEST_F(CaptureTables, NamesThatClashWithEverything) {
  Exec(
      "CREATE TABLE \"Odd $body$ Table\" (found int, new int, old_rows int, key text, missing int, "
      "c1 int, event int, e int, \"it's \"\"q\"\" %s $body$\" int, PRIMARY KEY (found, new))");
  Attach(
      "'public.\"Odd $body$ Table\"', ARRAY['old_rows', 'c1', 'found'], ARRAY['old_rows', 'key', "
      "'missing', 'c1', 'event', 'e', 'it''s \"q\" %s $body$']");
  const std::string table = "\"Odd $body$ Table\"";
  EXPECT_THAT(EventsOf("INSERT INTO " + table + " VALUES (1, 2, 3, '4', 5, 6, 7, 8, 9)"),
              ElementsAre("[1, 2, 3, \"4\", 5, 6, 7, 8, 9]"));
  Exec("ALTER TABLE " + table + " DROP found, DROP old_rows, DROP c1");
  EXPECT_THAT(EventsOf("UPDATE " + table + " SET key = 'x'; DELETE FROM " + table),
              Contains("[null, 2, null, \"x\", 5, null, 7, 8, 9]"));
}

class CaptureByMode : public CaptureTest, public ::testing::WithParamInterface<std::string> {};

// In one session that has already run the triggers, so that kept plans see the new shape.
TEST_P(CaptureByMode, ColumnsThatChangeNeverFailTheWriter) {
  Exec("CREATE TABLE t (id int PRIMARY KEY DEFAULT 1, owner int, n numeric, note text)");
  Attach("'public.t', ARRAY['id', 'owner', 'n'], ARRAY['owner'], '" + GetParam() + "'");
  Exec("INSERT INTO t VALUES (1, 5, 1, 'a'); UPDATE t SET id = 2; DELETE FROM t");
  for (const std::string change :
       {"RENAME owner TO boss", "ALTER id TYPE bigint", "ALTER n TYPE text", "ADD extra int",
        "DROP n", "DROP note", "DROP id"}) {
    Exec("ALTER TABLE t " + change);
    Exec(
        "INSERT INTO t (boss) VALUES (1);"
        "UPDATE t SET boss = 2; DELETE FROM t");
  }
}

INSTANTIATE_TEST_SUITE_P(, CaptureByMode, ::testing::Values("statement", "row"));

// A collation may treat texts as equal, but they are different texts.
TEST_F(CaptureTables, LettersThatACollationTreatsAsEqual) {
  Exec(
      "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
      "CREATE TABLE t (id int PRIMARY KEY, name text COLLATE folded);"
      "CREATE TABLE k (name text COLLATE folded PRIMARY KEY);"
      "INSERT INTO t VALUES (1, 'anna'), (2, 'anna'); INSERT INTO k VALUES ('anna')");
  Attach("'public.t', ARRAY['id', 'name']");
  Attach("'public.k'");
  EXPECT_THAT(EventsOf("UPDATE t SET name = 'Anna' WHERE id = 1"), ElementsAre("[1]"));
  EXPECT_THAT(EventsOf("UPDATE t SET name = 'ANNA'"), ElementsAre("[1]", "[2]"));
  EXPECT_THAT(EventsOf("UPDATE k SET name = 'Anna'"),
              ::testing::UnorderedElementsAre(R"(["anna"])", R"(["Anna"])"));
}

TEST_F(CaptureTables, ARenamedOrMovedTableIsTheSameSource) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); CREATE SCHEMA other");
  const std::string source = Attach("'public.t'");
  Exec("ALTER TABLE t RENAME TO s; ALTER TABLE s SET SCHEMA other");
  EXPECT_THAT(EventsOf("INSERT INTO other.s VALUES (1)"), ElementsAre("[1]"));
  EXPECT_EQ(Attach("'other.s'"), source);
}

TEST_F(CaptureTables, ATypeThatNeedsAnotherComparisonRenewsTheFunctions) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1)");
  const std::string source = Attach("'public.t', ARRAY['id', 'v']");
  Exec("ALTER TABLE t ALTER v TYPE numeric");
  EXPECT_NE(db_.Text("SELECT pgsluice.attach_sql('t', ARRAY['id', 'v'])"), "");
  EXPECT_EQ(Attach("'public.t', ARRAY['id', 'v']"), source);
  EXPECT_THAT(EventsOf("UPDATE t SET v = 1.0"), ElementsAre("[1]"));
}

TEST_F(CaptureTables, PartitionsHoweverTheyAreWritten) {
  Exec(
      "CREATE TABLE p (id int, d int, PRIMARY KEY (id, d)) PARTITION BY LIST (d);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
      "CREATE TABLE p2 (junk int, d int NOT NULL, id int NOT NULL); ALTER TABLE p2 DROP junk;"
      "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2)");
  const std::string source = Attach("'public.p'");
  EXPECT_THAT(EventsOf("INSERT INTO p VALUES (1, 1), (2, 2)"), ElementsAre("[1, 1]", "[2, 2]"));
  EXPECT_THAT(EventsOf("INSERT INTO p2 (id, d) VALUES (3, 2)"), ElementsAre("[3, 2]"));
  EXPECT_THAT(EventsOf("UPDATE p SET d = 2 WHERE id = 1"), ElementsAre("[1, 1]", "[1, 2]"));
  EXPECT_THAT(EventsOf("TRUNCATE p1"), ElementsAre("truncated"));
  Exec("CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3)");
  EXPECT_EQ(Attach("'public.p'"), source);
  EXPECT_THAT(EventsOf("INSERT INTO p3 VALUES (4, 3)"), ElementsAre("[4, 3]"));
}

TEST_F(CaptureTables, ALeafIsATableOfItsOwnToo) {
  Exec(
      "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p DEFAULT");
  const std::string root = Attach("'public.p'");
  const std::string leaf = Attach("'public.p1'");
  Exec("INSERT INTO p1 VALUES (1)");
  EXPECT_EQ(db_.Text("SELECT string_agg(source::text, ',' ORDER BY source) FROM pgsluice.outbox"),
            root + "," + leaf);
  Exec("SELECT pgsluice.detach('p')");
  EXPECT_THAT(EventsOf("DELETE FROM p1"), ElementsAre("[1]"));
}

TEST_F(CaptureTables, RowModeReachesPartitions) {
  Exec(
      "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
  Attach("'public.p', mode => 'row'");
  Exec("CREATE TABLE p2 PARTITION OF p DEFAULT; SET session_replication_role = replica");
  EXPECT_THAT(EventsOf("INSERT INTO p1 VALUES (1); INSERT INTO p2 VALUES (20)"),
              ElementsAre("[1]", "[20]"));
}

TEST_F(CaptureTables, ChildrenByInheritance) {
  Exec("CREATE TABLE i (id int PRIMARY KEY, v text); CREATE TABLE c (x int) INHERITS (i)");
  Attach("'public.i'");
  EXPECT_THAT(EventsOf("INSERT INTO c VALUES (1, 'a', 2)"), ElementsAre("[1]"));
  EXPECT_THAT(EventsOf("UPDATE i SET id = 3"), ElementsAre("[1]", "[3]"));
}

}  // namespace
}  // namespace pgsluice::testing
