// The index equals the table after every kind of change.

#include <gtest/gtest.h>

#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

class SyncRoutes : public testing::SyncTest {
 protected:
  void Items(const std::string& more = "") {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(10,2))" + more);
    Exec("INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, 50) n");
  }
  void ExpectItems() { ExpectIndex("item", "SELECT id::text, to_json(item) FROM item"); }
};

TEST_F(SyncRoutes, RowsThatExistedBefore) {
  Items();
  Start();
  ExpectItems();
}

TEST_F(SyncRoutes, InsertUpdateDelete) {
  Items();
  Start();
  Settle();
  Exec("INSERT INTO item VALUES (100, 'new', 1.50)");
  Exec("UPDATE item SET name = name || '!' WHERE id % 2 = 0");
  Exec("DELETE FROM item WHERE id < 10");
  ExpectItems();
}

TEST_F(SyncRoutes, KeysThatChangeOrSwap) {
  Items();
  Start();
  Settle();
  Exec("UPDATE item SET id = id + 1000 WHERE id <= 5");
  Exec(
      "ALTER TABLE item DROP CONSTRAINT item_pkey; "
      "ALTER TABLE item ADD CONSTRAINT item_pkey PRIMARY KEY (id) DEFERRABLE INITIALLY IMMEDIATE");
  Exec("UPDATE item SET id = CASE id WHEN 10 THEN 11 ELSE 10 END WHERE id IN (10, 11)");
  ExpectItems();
}

TEST_F(SyncRoutes, LargeStatementsAndCopy) {
  Items();
  Start();
  Settle();
  Exec("INSERT INTO item SELECT n, 'many ' || n, n FROM generate_series(1000, 20999) n");
  ExpectItems();
  Exec("UPDATE item SET price = price + 1");
  ExpectItems();
  Exec("COPY item FROM PROGRAM 'seq -f %g,copied,1.00 30000 34999' (FORMAT csv)");
  ExpectItems();
}

TEST_F(SyncRoutes, TruncateAndRefill) {
  Items();
  Start();
  Settle();
  Exec("TRUNCATE item");
  ExpectItems();
  Exec("INSERT INTO item VALUES (1, 'again', 1)");
  Exec(
      "BEGIN; INSERT INTO item VALUES (2, 'before', 1); TRUNCATE item; "
      "INSERT INTO item VALUES (3, 'after', 1); COMMIT");
  ExpectItems();
}

TEST_F(SyncRoutes, OneKeyManyTimesInATransaction) {
  Items();
  Start();
  Settle();
  Exec(
      "BEGIN; DELETE FROM item WHERE id = 1; INSERT INTO item VALUES (1, 'second life', 1); "
      "UPDATE item SET name = 'third' WHERE id = 1; COMMIT");
  Exec("BEGIN; INSERT INTO item VALUES (500, 'short', 1); DELETE FROM item WHERE id = 500; COMMIT");
  Exec("BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE item SET price = 0 WHERE id < 4; COMMIT");
  ExpectItems();
}

TEST_F(SyncRoutes, OnConflictMergeAndWritableCtes) {
  Items();
  Start();
  Settle();
  Exec(
      "INSERT INTO item VALUES (1, 'x', 1), (200, 'y', 2) "
      "ON CONFLICT (id) DO UPDATE SET name = excluded.name");
  Exec("INSERT INTO item VALUES (2, 'ignored', 1) ON CONFLICT DO NOTHING");
  Exec(
      "WITH gone AS (DELETE FROM item WHERE id = 3 RETURNING *) "
      "INSERT INTO item SELECT id + 300, name, price FROM gone");
  if (db_.session().server_version() >= 150000) {
    Exec(
        "MERGE INTO item USING (VALUES (4, 'merged'), (400, 'merged')) AS v(id, name) "
        "ON item.id = v.id WHEN MATCHED THEN UPDATE SET name = v.name "
        "WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.name, 0)");
  }
  ExpectItems();
}

TEST_F(SyncRoutes, RollbacksLeaveNothing) {
  Items();
  Start();
  Settle();
  Exec("BEGIN; UPDATE item SET name = 'never'; ROLLBACK");
  Exec(
      "BEGIN; UPDATE item SET name = 'kept' WHERE id = 1; SAVEPOINT s; "
      "UPDATE item SET name = 'undone' WHERE id = 2; ROLLBACK TO s; COMMIT");
  ExpectItems();
}

TEST_F(SyncRoutes, Cascades) {
  Exec(
      "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (id int PRIMARY KEY, "
      "parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE, note text)");
  Exec(
      "INSERT INTO parent SELECT generate_series(1, 5); "
      "INSERT INTO child SELECT n, n % 5 + 1, 'n' FROM generate_series(1, 20) n");
  Start();
  Settle();
  Exec("DELETE FROM parent WHERE id = 2");
  Exec("UPDATE parent SET id = 30 WHERE id = 3");
  ExpectIndex("child", "SELECT id::text, to_json(child) FROM child");
  Exec("TRUNCATE parent CASCADE");
  ExpectIndex("child", "SELECT id::text, to_json(child) FROM child");
  ExpectIndex("parent", "SELECT id::text, to_json(parent) FROM parent");
}

TEST_F(SyncRoutes, CompositeAndTextKeys) {
  Exec("CREATE TABLE pair (a text, b text, n int, PRIMARY KEY (a, b))");
  Exec(R"(INSERT INTO pair VALUES ('x|y', 'z', 1), ('x', 'y|z', 2), ('back\slash', '/ ü %', 3))");
  Start();
  const std::string oracle = R"(
    SELECT replace(replace(a, '\', '\\'), '|', '\|') || '|' ||
           replace(replace(b, '\', '\\'), '|', '\|'), to_json(pair) FROM pair)";
  ExpectIndex("pair", oracle);
  Exec("UPDATE pair SET n = n + 1; DELETE FROM pair WHERE a = 'x'");
  ExpectIndex("pair", oracle);
}

TEST_F(SyncRoutes, TablesWithoutKeys) {
  Exec("CREATE TABLE link (project_id int, hashtag_id int)");
  Exec("INSERT INTO link SELECT n % 7, n % 3 FROM generate_series(1, 30) n");
  Exec("INSERT INTO link VALUES (1, NULL), (NULL, NULL)");
  Start();
  const auto expect = [&] {
    Settle();
    const auto rows = Exec("SELECT count(DISTINCT (project_id, hashtag_id)) FROM link").Int(0, 0);
    EXPECT_EQ(static_cast<std::int64_t>(Documents("link").size()), rows);
  };
  expect();
  Exec("DELETE FROM link WHERE ctid = (SELECT min(ctid) FROM link)");  // A duplicate stays.
  expect();
  Exec("DELETE FROM link WHERE project_id = 2");
  Exec("UPDATE link SET hashtag_id = 99 WHERE project_id = 3");
  Exec("INSERT INTO link VALUES (50, 1), (NULL, 5)");
  Exec("DELETE FROM link WHERE project_id IS NULL AND hashtag_id IS NULL");
  expect();
}

TEST_F(SyncRoutes, PartitionsInEveryWay) {
  Exec(
      "CREATE TABLE part (id int, region text, PRIMARY KEY (id, region)) "
      "PARTITION BY LIST (region)");
  Exec("CREATE TABLE part_a PARTITION OF part FOR VALUES IN ('a')");
  Exec("CREATE TABLE part_b PARTITION OF part FOR VALUES IN ('b')");
  Exec(
      "INSERT INTO part SELECT n, CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END "
      "FROM generate_series(1, 20) n");
  Start();
  const std::string oracle = "SELECT id || '|' || region, to_json(part) FROM part";
  ExpectIndex("part", oracle);
  Exec("UPDATE part SET region = 'b' WHERE id = 2");
  Exec("INSERT INTO part_a VALUES (100, 'a')");
  Exec("DELETE FROM part_b WHERE id = 1");
  ExpectIndex("part", oracle);
  Exec("TRUNCATE part_a");
  ExpectIndex("part", oracle);
}

TEST_F(SyncRoutes, RoutingsThatChangeWithinAShardAndBetweenTwo) {
  Items();
  ConfigureIndexes(R"({"indexes": {
    "one": {"table": "item", "routing": "name", "settings": {"number_of_shards": 1}},
    "two": {"table": "item", "routing": "name", "settings": {"number_of_shards": 2}}}})");
  Start();
  const auto expect = [&](const std::string& rows) {
    for (const char* index : {"one", "two"}) {
      ExpectIndex(index, "SELECT id::text, to_json(item) FROM item");
      EXPECT_EQ(std::to_string(engine_->Count(Alias(index))), rows) << index;
    }
  };
  expect("50");
  Exec("UPDATE item SET name = 'other ' || id % 7");
  expect("50");
  Exec("UPDATE item SET name = NULL WHERE id < 20; DELETE FROM item WHERE id > 40");
  expect("40");
  Exec(
      "BEGIN; DELETE FROM item; INSERT INTO item SELECT n, n FROM generate_series(1, 9) n; COMMIT");
  expect("9");
  Exec(
      "BEGIN; TRUNCATE item; INSERT INTO item SELECT n, n, n * 7 FROM generate_series(1, 30) n; "
      "COMMIT");
  expect("30");
  Exec(
      "BEGIN; TRUNCATE item; INSERT INTO item SELECT n, 'moved ' || n, n FROM generate_series(1, "
      "30) n; COMMIT");
  expect("30");
  Exec("TRUNCATE item");
  expect("0");
}

TEST_F(SyncRoutes, RoutingByAColumnOfTheKey) {
  Exec("CREATE TABLE item (tenant text, id int, other int, PRIMARY KEY (tenant, id))");
  Exec("INSERT INTO item SELECT 't' || n % 9, n, -n FROM generate_series(1, 60) n");
  // More than the key of "wide" is captured.
  ConfigureIndexes(R"({"indexes": {
    "plain": {"table": "item", "routing": "tenant", "settings": {"number_of_shards": 3}},
    "wide": {"table": "item", "routing": "tenant", "settings": {"number_of_shards": 3},
      "embed": {"others": {"table": "item", "on": {"other": "other"}, "aggregate": "count"}}}}})");
  Start();
  Settle();
  Exec("DELETE FROM item WHERE id % 2 = 0");
  Exec("UPDATE item SET tenant = 'moved' WHERE id < 20");
  const std::string id = "SELECT tenant || '|' || id, ";
  ExpectIndex("plain", id + "to_json(item) FROM item");
  ExpectIndex("wide", id +
                          "json_build_object('tenant', tenant, 'id', id, 'other', other, 'others', "
                          "1) FROM item");
  for (const char* index : {"plain", "wide"}) EXPECT_EQ(engine_->Count(Alias(index)), 30) << index;
}

// The JSON of a timestamp differs from its text, and that of a timestamptz depends on the writer's
// time zone.
TEST_F(SyncRoutes, RoutingsOfOtherTypes) {
  for (const std::string type : {"timestamptz", "timestamp", "date", "boolean", "numeric", "float8",
                                 "interval", "char(3)"}) {
    const std::string name = "by_" + type.substr(0, 4) + std::to_string(type.size());
    Exec("CREATE TABLE " + name + " (id int PRIMARY KEY, n int DEFAULT 0, r " + type + ")");
  }
  const std::vector<std::pair<std::string, std::string>> values = {
      {"by_time11", "timestamptz '2024-03-08 10:20:30.5+00' + n * interval '1 day'"},
      {"by_time9", "timestamp '2024-03-08 10:20:30.5' + n * interval '1 day'"},
      {"by_date4", "date '2024-03-08' + n"},
      {"by_bool7", "n % 2 = 0"},
      {"by_nume7", "n * 1.10"},
      {"by_floa6", "n / 3.0::float8"},
      {"by_inte8", "n * interval '1 hour'"},
      {"by_char7", "left(n::text, 1)"}};
  std::string indexes;
  for (const auto& [table, value] : values) {
    Exec("INSERT INTO " + table + " (id, r) SELECT n, " + value + " FROM generate_series(1, 40) n");
    indexes += (indexes.empty() ? "\"" : ", \"") + table + R"(": {"table": ")" + table +
               R"(", "routing": "r", "settings": {"number_of_shards": 5}})";
  }
  ConfigureIndexes(R"({"indexes": {)" + indexes + "}}");
  Start();
  Settle();
  for (const auto& [table, value] : values) {
    Exec("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; DELETE FROM " + table +
         " WHERE id <= 20; UPDATE " + table + " SET r = (SELECT " + value +
         " FROM (SELECT id + 7) AS v(n)) WHERE id <= 30");
  }
  for (const auto& [table, value] : values) {
    ExpectIndex(table, "SELECT id::text, to_json(" + table + ") FROM " + table);
    EXPECT_EQ(engine_->Count(Alias(table)), 20) << table;
  }
}

TEST_F(SyncRoutes, NamesThatNeedQuoting) {
  Exec(
      R"(CREATE TABLE "Odd Name" ("Key" int PRIMARY KEY, "a ""quoted"" column" text, missing int))");
  Exec(R"(INSERT INTO "Odd Name" VALUES (1, 'one', 1))");
  Start();
  const std::string oracle = R"(SELECT "Key"::text, to_json(o) FROM "Odd Name" o)";
  ExpectIndex("odd_name", oracle);
  Exec(R"(UPDATE "Odd Name" SET "a ""quoted"" column" = 'two')");
  ExpectIndex("odd_name", oracle);
}

TEST_F(SyncRoutes, ALoneChangeIsReadableWithoutARefresh) {
  Items();
  Start();
  Settle();
  Exec("INSERT INTO item VALUES (777, 'lone', 1)");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (Document("item", "777").empty()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
}

}  // namespace
}  // namespace pgsluice
