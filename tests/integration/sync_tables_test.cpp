// The index equals the table, whatever kind of table it is.

#include <gtest/gtest.h>

#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

class SyncTables : public testing::SyncTest {
 protected:
  /// Waits until the sync has noticed the present partitions.
  void WaitForPartitions(const std::string& parent) {
    const std::string seen =
        "SELECT regexp_replace(relations, ':-?\\d+', '', 'g') = (SELECT "
        "string_agg(inhrelid::oid::text, ',' ORDER BY inhrelid) FROM "
        "pg_inherits WHERE inhparent = '" +
        parent + "'::regclass) FROM pgsluice.index_state WHERE index_name = '" + parent + "'";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (db_.Text(seen) != "t") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline)
          << db_.Text("SELECT relations FROM pgsluice.index_state");
    }
  }
};

TEST_F(SyncTables, PartitionsMadeAttachedAndDetachedLater) {
  Exec("CREATE TABLE part (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100)");
  Exec("INSERT INTO part SELECT n, 'first' FROM generate_series(0, 99) n");
  Start();
  const std::string oracle = "SELECT id::text, to_json(part) FROM part";
  ExpectIndex("part", oracle);
  // Rows written through the parent, and through the new partition itself.
  Exec("CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (100) TO (200)");
  Exec("INSERT INTO part VALUES (100, 'by the parent'); INSERT INTO part_2 VALUES (101, 'direct')");
  WaitForPartitions("part");
  ExpectIndex("part", oracle);
  Exec("UPDATE part_2 SET v = 'direct again'");
  ExpectIndex("part", oracle);
  // A table with rows becomes a partition; its columns have another order.
  Exec("CREATE TABLE part_3 (gone int, v text, id int NOT NULL); ALTER TABLE part_3 DROP gone");
  Exec("INSERT INTO part_3 SELECT 'was there', n FROM generate_series(200, 299) n");
  Exec("ALTER TABLE part ATTACH PARTITION part_3 FOR VALUES FROM (200) TO (300)");
  WaitForPartitions("part");
  ExpectIndex("part", oracle);
  Exec("UPDATE part_3 SET v = 'changed' WHERE id < 220; DELETE FROM part WHERE id >= 280");
  ExpectIndex("part", oracle);
  Exec("ALTER TABLE part DETACH PARTITION part_1");
  WaitForPartitions("part");
  ExpectIndex("part", oracle);
  Exec("UPDATE part_1 SET v = 'no longer of it'; DROP TABLE part_1; DROP TABLE part_2");
  WaitForPartitions("part");
  ExpectIndex("part", oracle);
}

TEST_F(SyncTables, ColumnsAndKeysOfEveryKind) {
  Exec(
      "CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone text, n int, "
      "twice int GENERATED ALWAYS AS (n * 2) STORED);"
      "INSERT INTO made (n) SELECT generate_series(1, 30); ALTER TABLE made DROP gone");
  Exec(
      "CREATE TABLE uniq (code text NOT NULL, part int NOT NULL, v int);"
      "CREATE UNIQUE INDEX ON uniq (code, part);"
      "INSERT INTO uniq SELECT 'c' || n % 3, n, n FROM generate_series(1, 30) n");
  Exec(
      "CREATE TABLE parent (id int PRIMARY KEY, v text);"
      "CREATE TABLE kid (extra int, PRIMARY KEY (id)) INHERITS (parent);"
      "INSERT INTO parent VALUES (1, 'own'); INSERT INTO kid VALUES (2, 'of the kid', 5)");
  config_.indexes.clear();
  Start();
  const auto expect = [&] {
    ExpectIndex("made", "SELECT id::text, to_json(made) FROM made");
    ExpectIndex("uniq", "SELECT code || '|' || part, to_json(uniq) FROM uniq");
    ExpectIndex("parent", "SELECT id::text, to_json(parent) FROM parent");
    ExpectIndex("kid", "SELECT id::text, to_json(kid) FROM kid");
  };
  expect();
  Exec("UPDATE made SET n = -n WHERE id % 3 = 0; DELETE FROM made WHERE id = 5");
  Exec("UPDATE uniq SET part = part + 100 WHERE code = 'c1'; DELETE FROM uniq WHERE code = 'c2'");
  Exec("UPDATE parent SET v = v || '!'; INSERT INTO kid VALUES (3, 'another', 6)");
  Exec("UPDATE kid SET id = 20 WHERE id = 2");
  expect();
}

TEST_F(SyncTables, KeysOver512Bytes) {
  Exec("CREATE TABLE long (name text PRIMARY KEY, v int)");
  Exec("INSERT INTO long SELECT repeat(md5(n::text), 20), n FROM generate_series(1, 20) n");
  Exec("INSERT INTO long VALUES ('', 0), (repeat('ü', 256), 1), (repeat('ü', 257), 2)");
  Start();
  const std::string oracle =
      "SELECT CASE WHEN octet_length(name) BETWEEN 1 AND 512 THEN name "
      "ELSE 'sha256:' || encode(sha256(convert_to(name, 'UTF8')), 'hex') END, to_json(long) "
      "FROM long";
  ExpectIndex("long", oracle);
  Exec("UPDATE long SET v = v + 1; DELETE FROM long WHERE v % 2 = 0");
  Exec("UPDATE long SET name = name || 'x' WHERE v < 10");
  ExpectIndex("long", oracle);
  Exec("TRUNCATE long");
  ExpectIndex("long", oracle);
}

TEST_F(SyncTables, LargeValues) {
  Exec("CREATE TABLE big (id int PRIMARY KEY, body text, tokens text[], data jsonb)");
  Exec(
      "INSERT INTO big SELECT n, repeat(md5(n::text) || ' ', 32000), ARRAY[repeat('t', 40000)], "
      "jsonb_build_object('a.b', 1e30, 'deep', repeat('v', 30000)) FROM generate_series(1, 4) n");
  Start();
  const std::string oracle = "SELECT id::text, to_json(big) FROM big";
  ExpectIndex("big", oracle);
  Exec("UPDATE big SET body = repeat('y', 1000000) WHERE id % 2 = 0; DELETE FROM big WHERE id = 3");
  ExpectIndex("big", oracle);
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

// Policies do not restrict the owner; a role that they would restrict is refused at start.
TEST_F(SyncTables, RowLevelSecurity) {
  Exec(
      "CREATE TABLE item (id int PRIMARY KEY, tenant int); INSERT INTO item SELECT n, n % 3 FROM "
      "generate_series(1, 30) n; ALTER TABLE item ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY own ON item USING (tenant = 1)");
  Start();
  const std::string oracle = "SELECT id::text, to_json(item) FROM item";
  ExpectIndex("item", oracle);
  Exec("UPDATE item SET tenant = tenant + 1; DELETE FROM item WHERE id < 5");
  ExpectIndex("item", oracle);
}

}  // namespace
}  // namespace pgsluice
