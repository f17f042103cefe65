// A write that the engine could not take is tried again with the claimed key, because by then the
// row may not exist and an id that is a hash cannot be turned back into a key.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include "pgsluice/outbox/outbox.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

class CarriedKeys : public testing::FaultTest {
 protected:
  /// Answers the next request that only deletes one document with this.
  void AnswerNextDelete(int status, const std::string& type) {
    proxy_.AnswerStatus(
        "_bulk", 1, 200,
        fmt::format(R"({{"errors":true,"items":[{{"delete":{{"status":{},"error":{{"type":"{}",)"
                    R"("reason":"for the test"}}}}}},{{"update":{{"status":404,"error":{{)"
                    R"("type":"document_missing_exception","reason":"the guard"}}}}}}]}})",
                    status, type));
  }
  /// Deletes one row while the engine is busy, and one while it cannot give the reason.
  void DeleteUnderFaults(const std::vector<std::string>& deletes) {
    const std::pair<int, std::string> faults[] = {{429, "es_rejected_execution_exception"},
                                                  {503, "unavailable_shards_exception"},
                                                  {500, "io_exception"}};
    std::size_t next = 0;
    for (const std::string& sql : deletes) {
      const auto& [status, type] = faults[next++ % std::size(faults)];
      const int before = proxy_.scripted();
      AnswerNextDelete(status, type);
      Exec(sql);
      Settle();
      EXPECT_EQ(proxy_.scripted(), before + 1);
    }
  }
};

constexpr const char* kLoose =
    "SELECT 'row:' || encode(sha256(convert_to((ARRAY[a::text, b])::text, 'UTF8')), 'hex'), "
    "to_json(loose) FROM loose";

TEST_F(CarriedKeys, OfRowsWithoutAKey) {
  Exec("CREATE TABLE loose (a int, b text)");
  Exec("INSERT INTO loose SELECT n, 'row ' || n FROM generate_series(1, 20) n");
  Exec("INSERT INTO loose VALUES (NULL, NULL), (NULL, 'x')");
  Start();
  ExpectIndex("loose", kLoose);
  DeleteUnderFaults({"DELETE FROM loose WHERE a = 1", "DELETE FROM loose WHERE a = 2",
                     "DELETE FROM loose WHERE a = 3", "DELETE FROM loose WHERE b IS NULL",
                     "DELETE FROM loose WHERE a IS NULL"});
  ExpectIndex("loose", kLoose);
}

TEST_F(CarriedKeys, OfIdsThatAreHashes) {
  Exec("CREATE TABLE long (name text PRIMARY KEY, v int)");
  Exec("INSERT INTO long SELECT repeat(md5(n::text), 20), n FROM generate_series(1, 20) n");
  Exec("INSERT INTO long VALUES ('', 0)");
  Start();
  const std::string oracle =
      "SELECT CASE WHEN name = '' OR octet_length(name) > 512 THEN 'sha256:' || "
      "encode(sha256(convert_to(name, 'UTF8')), 'hex') ELSE name END, to_json(long) FROM long";
  ExpectIndex("long", oracle);
  DeleteUnderFaults({"DELETE FROM long WHERE v = 1", "DELETE FROM long WHERE v = 2",
                     "DELETE FROM long WHERE v = 0"});
  ExpectIndex("long", oracle);
}

// The events of the table's triggers have its primary key first.
TEST_F(CarriedKeys, OfAConfiguredKey) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, code text NOT NULL UNIQUE, n int)");
  Exec("INSERT INTO item SELECT n, 'c' || n, n FROM generate_series(1, 20) n");
  ConfigureIndexes(R"({"indexes": {"item": {"table": "item", "key": ["code"]}}})");
  Start();
  const std::string oracle = "SELECT code, to_json(item) FROM item";
  ExpectIndex("item", oracle);
  DeleteUnderFaults({"DELETE FROM item WHERE id = 1", "DELETE FROM item WHERE id = 2"});
  ExpectIndex("item", oracle);
  proxy_.AnswerStatus("_bulk", 1, 200,
                      R"({"errors":true,"items":[{"index":{"status":429,"error":{"type":"x",)"
                      R"("reason":"busy"}}}]})");
  Exec("UPDATE item SET n = -1 WHERE id = 7");
  ExpectIndex("item", oracle);
}

TEST_F(CarriedKeys, OfAScan) {
  Exec("CREATE TABLE loose (a int, b text); INSERT INTO loose VALUES (1, 'x'), (2, 'y')");
  const std::string busy = R"({"index":{"status":429,"error":{"type":"x","reason":"busy"}}})";
  proxy_.AnswerStatus("_bulk", 1, 200,
                      R"({"errors":true,"items":[)" + busy + R"(,{"index":{"status":503,)" +
                          R"("error":{"type":"x","reason":"busy"}}}]})");
  Start();
  ExpectIndex("loose", kLoose);
  EXPECT_EQ(proxy_.scripted(), 1);
}

// A dead letter of a deleted row: when it is retried, the document is deleted, too.
TEST_F(CarriedKeys, OfDeadLetters) {
  Exec("CREATE TABLE loose (a int, b text); INSERT INTO loose VALUES (1, 'x'), (2, 'y')");
  Start();
  ExpectIndex("loose", kLoose);
  AnswerNextDelete(400, "illegal_argument_exception");
  Exec("DELETE FROM loose WHERE a = 1");
  Settle();
  EXPECT_EQ(db_.Text("SELECT key::text FROM pgsluice.dead_letter"), R"([1, "x"])");
  pg::Session session(db_.options());
  EXPECT_EQ(outbox::RetryDeadLetters(session, {}), 1);
  ExpectIndex("loose", kLoose);
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

TEST_F(CarriedKeys, OfAView) {
  Exec("CREATE TABLE sale (id int PRIMARY KEY, shop_id int, amount int)");
  Exec("INSERT INTO sale SELECT n, n % 5, n FROM generate_series(1, 50) n");
  Exec("CREATE VIEW shop AS SELECT shop_id, sum(amount) AS total FROM sale GROUP BY shop_id");
  ConfigureIndexes(R"({"indexes": {"shop": {"table": "shop", "key": ["shop_id"],
      "sources": [{"table": "sale", "on": {"shop_id": "shop_id"}}]}}})");
  Start();
  const std::string oracle = "SELECT shop_id::text, to_json(shop) FROM shop";
  ExpectIndex("shop", oracle);
  DeleteUnderFaults({"DELETE FROM sale WHERE shop_id = 1", "DELETE FROM sale WHERE shop_id = 2"});
  ExpectIndex("shop", oracle);
  Exec("INSERT INTO sale VALUES (100, 1, 5)");
  ExpectIndex("shop", oracle);
}

}  // namespace
}  // namespace pgsluice
