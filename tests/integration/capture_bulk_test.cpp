#include <gmock/gmock.h>

#include "pgsluice/outbox/outbox.h"
#include "support/capture_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Statements of many rows: a row of the outbox contains many keys.
class CaptureBulk : public CaptureTest {
 protected:
  CaptureBulk() { Exec("CREATE TABLE t (id int PRIMARY KEY, v int, note text)"); }

  /// Returns the rows of the outbox, the length of the longest one, and the number of distinct
  /// keys; empties the outbox.
  std::string Shape() {
    return db_.Text(
        "WITH taken AS (DELETE FROM pgsluice.outbox RETURNING size, keys) "
        "SELECT count(DISTINCT taken.*::text) || ' ' || max(size) || ' ' || "
        "count(DISTINCT key::text) FROM taken, json_array_elements(keys) AS key");
  }
};

TEST_F(CaptureBulk, ManyRowsShareARowOfTheOutbox) {
  Attach("'public.t'");
  Exec("INSERT INTO t SELECT i, 0 FROM generate_series(1, 1202) i");
  EXPECT_EQ(Shape(), "5 500 1202");  // two alone, 500, 500, 200
  Exec("UPDATE t SET v = 1");
  // Old keys have no rows of their own; the first two occur twice.
  EXPECT_EQ(Shape(), "5 500 1202");
  Exec("DELETE FROM t WHERE id <= 502");
  EXPECT_EQ(Shape(), "3 500 502");
}

TEST_F(CaptureBulk, KeysThatChangeInManyRowsReachBothSides) {
  Attach("'public.t'");
  Exec("INSERT INTO t SELECT i, 0 FROM generate_series(1, 1000) i");
  Shape();
  Exec("UPDATE t SET id = id + 5000 WHERE id % 2 = 0");
  EXPECT_EQ(db_.Text("SELECT count(DISTINCT key::text) || ' ' || min((key->>0)::int) || ' ' || "
                     "max((key->>0)::int) FROM pgsluice.outbox, json_array_elements(keys) AS key"),
            "1000 2 6000");
}

TEST_F(CaptureBulk, OnlyRowsWhoseWatchedColumnsChanged) {
  Exec("INSERT INTO t SELECT i, i FROM generate_series(1, 2000) i");
  Attach("'public.t', ARRAY['id', 'v']");
  EXPECT_THAT(EventsOf("UPDATE t SET note = 'x'"), IsEmpty());
  EXPECT_THAT(EventsOf("UPDATE t SET v = 0 WHERE id = 7"), ElementsAre("[7]"));
  EXPECT_THAT(EventsOf("UPDATE t SET v = CASE WHEN id IN (3, 4, 5) THEN -1 ELSE v END"),
              ElementsAre("[3]", "[4]", "[5]"));
  Exec("UPDATE t SET v = v + 1");
  EXPECT_EQ(Shape(), "4 500 2000");
}

TEST_F(CaptureBulk, UnboundedKeysHaveARowEach) {
  Exec("CREATE TABLE k (body text); CREATE TABLE named (name text PRIMARY KEY, n int)");
  Attach("'public.k'");
  Attach("'public.named'");
  Exec("INSERT INTO k SELECT repeat(md5(i::text), 100) FROM generate_series(1, 40) i");
  EXPECT_EQ(Shape(), "40 1 40");
  Exec("INSERT INTO named SELECT md5(i::text), i FROM generate_series(1, 202) i");
  EXPECT_EQ(Shape(), "4 100 202");
}

// A row moves to a partition whose trigger drops it, so there is an old row without a new one.
TEST_F(CaptureBulk, AnUpdateWithOldRowsOnly) {
  Exec(
      "CREATE TABLE p (id int, d int, PRIMARY KEY (id, d)) PARTITION BY LIST (d);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
      "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);"
      "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RETURN NULL; END';"
      "CREATE TRIGGER nothing BEFORE INSERT ON p2 FOR EACH ROW EXECUTE FUNCTION nothing();"
      "INSERT INTO p VALUES (1, 1)");
  Attach("'public.p'");
  EXPECT_THAT(EventsOf("UPDATE p SET d = 2"), ElementsAre("[1, 1]"));
  Exec("INSERT INTO p VALUES (1, 1)");
  Exec("SELECT pgsluice.detach('public.p')");
  Attach("'public.p', ARRAY['id', 'd']");
  EXPECT_THAT(EventsOf("UPDATE p SET d = 2"), ElementsAre("[1, 1]"));
}

TEST_F(CaptureBulk, AClaimEndsWhereItsKeysFillABatch) {
  Attach("'public.t'");
  Exec("INSERT INTO t SELECT i, 0 FROM generate_series(100001, 150000) i");
  pg::Session session(db_.options());
  outbox::Outbox outbox(session);
  std::size_t total = 0;
  for (std::size_t claimed = 1; claimed > 0; total += claimed) {
    pg::Transaction transaction(session);
    const std::vector<outbox::Event> events = *outbox.Claim(2000, 0, 0);
    claimed = events.size();
    EXPECT_LT(claimed, 9000u);
    std::vector<std::int64_t> ids;
    for (const outbox::Event& event : events) ids.push_back(event.id);
    outbox.Ack(ids);
    transaction.Commit();
  }
  EXPECT_EQ(total, 50000u);
}

}  // namespace
}  // namespace pgsluice::testing
