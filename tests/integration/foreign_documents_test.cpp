// Documents that another program wrote into our index are orphans like any other, and documents of
// ours that it overwrote are written again.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include "support/command_fixture.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

class Foreign : public testing::CommandTest {
 protected:
  void Put(const std::string& index, const std::string& id, const std::string& body,
           const std::string& query = {}) {
    const http::Response response =
        engine_->Send({.method = "PUT",
                       .path = "/" + Alias(index) + "/_doc/" + http::Encode(id) + "?" + query,
                       .body = body});
    ASSERT_LT(response.status, 300) << response.body;
  }
  /// Writes documents whose ids are not keys, or are not written as a key is.
  void PutForeign(const std::string& index) {
    for (const char* id : {"zzz", "007", "1.0", "1|2|3", "|", " 5", "99999999999999999999",
                           "sha256", "row:x", "ünï \"'/?%"}) {
      Put(index, id, R"({"x":1})");
    }
    Put(index, "sha256:" + std::string(64, 'a'), "{}");
    Put(index, "row:" + std::string(64, 'b'), R"({"__id":"1"})");
    Put(index, "other", R"({"__id":"other"})");
    Put(index, "odd", R"({"__id":["a","b"],"deep":[1]})");
  }
  void ExpectRepaired(const std::string& index, int differences) {
    engine_->Refresh(Alias(index));
    const testing::Outcome found = Run({"verify", index});
    EXPECT_EQ(found.code, 3) << found.out << found.err;
    EXPECT_THAT(found.out, HasSubstr(fmt::format(" {} differences", differences)));
    const testing::Outcome repaired = Run({"verify", index, "--repair"});
    EXPECT_EQ(repaired.code, 0) << repaired.out << repaired.err;
  }
};

TEST_F(Foreign, AreFoundAndRemoved) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, v text)");
  Exec("INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 30) n");
  Start();
  Settle();
  const std::string oracle = "SELECT id::text, to_json(item) FROM item";
  PutForeign("item");
  Put("item", "5", R"({"x":1})");
  Put("item", "6", R"({"id":6,"v":"by hand","__id":"6"})");
  Put("item", "7", R"({"id":7,"v":"item 7","__id":"1"})");
  ExpectRepaired("item", 17);
  ExpectIndex("item", oracle);
}

TEST_F(Foreign, WhateverTheKeyIs) {
  Exec("CREATE TABLE pair (a int, b text, v text, PRIMARY KEY (a, b))");
  Exec("INSERT INTO pair SELECT n, 'b|' || n, 'v' FROM generate_series(1, 10) n");
  Exec(
      "CREATE TABLE named (name text PRIMARY KEY, v int); INSERT INTO named VALUES ('x', 1), "
      "(repeat('y', 600), 2)");
  Exec("CREATE TABLE loose (a int, b text); INSERT INTO loose VALUES (1, 'x')");
  Exec(
      "CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0); CREATE TABLE evens (id even PRIMARY KEY); "
      "INSERT INTO evens VALUES (2)");
  Exec(
      "CREATE TABLE uuids (id uuid PRIMARY KEY); INSERT INTO uuids VALUES "
      "('00000000-0000-0000-0000-000000000001')");
  Start();
  Settle();
  for (const char* index : {"pair", "named", "loose", "evens", "uuids"}) PutForeign(index);
  Put("evens", "7", "{}");
  Put("uuids", "00000000000000000000000000000001", "{}");
  for (const auto& [index, differences] :
       {std::pair("pair", 14), std::pair("named", 14), std::pair("loose", 14),
        std::pair("evens", 15), std::pair("uuids", 15)}) {
    SCOPED_TRACE(index);
    ExpectRepaired(index, differences);
  }
  ExpectIndex("pair", "SELECT a || '|' || replace(b, '|', '\\|'), to_json(pair) FROM pair");
}

TEST_F(Foreign, AreRemovedAfterATruncate) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, v text)");
  Exec("INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 30) n");
  Start();
  Settle();
  // More than a walk reads at once.
  for (int part = 0; part < 3; ++part) {
    std::string bulk;
    for (int i = 0; i < 900; ++i) {
      bulk += fmt::format("{{\"index\":{{\"_id\":\"foreign {} {}\"}}}}\n{{\"x\":1}}\n", part, i);
    }
    http::Request request{.method = "POST", .path = "/" + Alias("item") + "/_bulk", .body = bulk};
    request.content_type = "application/x-ndjson";
    ASSERT_EQ(engine_->Send(request).status, 200);
  }
  Exec("TRUNCATE item; INSERT INTO item VALUES (3, 'three')");
  ExpectIndex("item", "SELECT id::text, to_json(item) FROM item");
}

TEST_F(Foreign, AreNotPartOfTheNextIndex) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, v text)");
  Exec("INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 30) n");
  Start();
  Settle();
  PutForeign("item");
  const testing::Outcome outcome = Run({"reindex", "item"});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  ExpectIndex("item", "SELECT id::text, to_json(item) FROM item");
  EXPECT_EQ(Run({"verify", "item"}).code, 0);
}

// Our versions come from a clock that may be far behind the versions that another program chose.
TEST_F(Foreign, OfHighVersions) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, v text)");
  Exec("INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 10) n");
  Start();
  Settle();
  for (int i = 0; i < 50; ++i) Put("item", "5", fmt::format(R"({{"x":{}}})", i));
  Put("item", "6", R"({"x":1})", "version_type=external&version=1700000000000000000");
  Put("item", "zzz", R"({"x":1})", "version_type=external&version=1700000000000000007");
  ExpectRepaired("item", 3);
  ExpectIndex("item", "SELECT id::text, to_json(item) FROM item");
  Exec("UPDATE item SET v = 'later'; DELETE FROM item WHERE id = 6");
  ExpectIndex("item", "SELECT id::text, to_json(item) FROM item");
}

TEST_F(Foreign, InAnIndexOfAView) {
  Exec("CREATE TABLE sale (id int PRIMARY KEY, shop_id int, amount int)");
  Exec("INSERT INTO sale SELECT n, n % 5, n FROM generate_series(1, 50) n");
  Exec("CREATE VIEW shop AS SELECT shop_id, sum(amount) AS total FROM sale GROUP BY shop_id");
  const std::string indexes = R"({"shop": {"table": "shop", "key": ["shop_id"],
      "sources": [{"table": "sale", "on": {"shop_id": "shop_id"}}]}})";
  ConfigureIndexes(R"({"indexes": )" + indexes + "}");
  more_config_ = R"(, "indexes": )" + indexes;
  Start();
  Settle();
  PutForeign("shop");
  Put("shop", "2", R"({"x":1})");
  engine_->Send({.method = "DELETE", .path = "/" + Alias("shop") + "/_doc/3", .body = {}});
  ExpectRepaired("shop", 16);
  Exec("UPDATE sale SET amount = amount + 1");
  ExpectIndex("shop", "SELECT shop_id::text, to_json(shop) FROM shop");
}

}  // namespace
}  // namespace pgsluice
