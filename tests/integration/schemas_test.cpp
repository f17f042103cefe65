// A table in many schemas, when schemas are added, removed, changed and renamed.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include "pgsluice/json/value.h"
#include "support/command_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Schemas : public CommandTest {
 protected:
  void MakeTenant(const std::string& name, int orders = 2) {
    Exec(fmt::format(
        "CREATE SCHEMA {0}; CREATE TABLE {0}.customers (id int PRIMARY KEY, name text);"
        "CREATE TABLE {0}.orders (id int PRIMARY KEY, customer_id int REFERENCES {0}.customers, "
        "note text); INSERT INTO {0}.customers VALUES (1, '{0} one');"
        "INSERT INTO {0}.orders SELECT n, 1, 'of {0}' FROM generate_series(1, {1}) n",
        name, orders));
  }
  void Use(const std::string& indexes) {
    ConfigureIndexes(R"({"indexes": )" + indexes + "}");
    more_config_ = R"(, "indexes": )" + indexes;
  }
  std::string Indexes() {
    std::string names;
    for (const auto& [name, uuid] : engine_->Uuids(prefix_ + "*")) names += name + " ";
    return names;
  }
  static std::string Oracle(const std::string& schema) {
    return fmt::format(
        "SELECT o.id::text, json_build_object('id', o.id, 'customer_id', o.customer_id, 'note', "
        "o.note, 'customer', (SELECT to_json(c) FROM {0}.customers c WHERE c.id = o.customer_id)) "
        "FROM {0}.orders o",
        schema);
  }
};

constexpr const char* kPerSchema =
    R"({"orders": {"table": "tenant_*.orders", "index_per": "schema",
                   "embed": {"customer": {"table": "customers"}}}})";

TEST_F(Schemas, EachHasAnIndex) {
  MakeTenant("tenant_a");
  MakeTenant("tenant_b");
  MakeTenant("other");
  Use(kPerSchema);
  Start();
  ExpectIndex("orders.tenant_a", Oracle("tenant_a"));
  ExpectIndex("orders.tenant_b", Oracle("tenant_b"));
  EXPECT_THAT(Indexes(), Not(HasSubstr("other")));

  Exec("UPDATE tenant_b.customers SET name = 'changed'");
  ExpectIndex("orders.tenant_a", Oracle("tenant_a"));
  ExpectIndex("orders.tenant_b", Oracle("tenant_b"));

  MakeTenant("tenant_c", 30);
  Await([&] { return !engine_->Uuids(Alias("orders.tenant_c")).empty(); });
  Exec("INSERT INTO tenant_c.orders VALUES (31, 1, 'later')");
  ExpectIndex("orders.tenant_c", Oracle("tenant_c"));

  Exec("ALTER SCHEMA tenant_b RENAME TO tenant_d; DROP SCHEMA tenant_a CASCADE");
  Await([&] { return Indexes().find("tenant_a") == std::string::npos; });
  Await([&] { return Indexes().find("tenant_b") == std::string::npos; });
  Await([&] { return !engine_->Uuids(Alias("orders.tenant_d")).empty(); });
  ExpectIndex("orders.tenant_d", Oracle("tenant_d"));
  const Outcome status = Run({"status", "--json"});
  ASSERT_EQ(status.code, 0) << status.err;
  const json::Value* indexes = json::Parse(status.out).Find("indexes");
  ASSERT_NE(indexes, nullptr);
  const Outcome verified = Run({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  const Outcome diff = Run({"config", "diff"});
  EXPECT_THAT(diff.out, HasSubstr("orders.tenant_d: nothing"));
  EXPECT_THAT(diff.out, Not(HasSubstr("tenant_b")));
}

TEST_F(Schemas, AnIndexOutsideOfThePatternStaysUntilItIsPruned) {
  MakeTenant("tenant_a");
  MakeTenant("tenant_b");
  Use(kPerSchema);
  Start();
  Settle();
  process_->Stop();
  Use(R"({"orders": {"table": "tenant_a*.orders", "index_per": "schema"}})");
  process_ = std::make_unique<SyncProcess>(config_);
  process_->Start();
  Settle();
  EXPECT_THAT(Indexes(), HasSubstr("tenant_b"));
  EXPECT_THAT(Run({"config", "diff"}).out, HasSubstr("orders.tenant_b: not configured"));
}

TEST_F(Schemas, AreCheckedInTheConfiguration) {
  MakeTenant("tenant_a");
  db_.Migrate();
  more_config_ = R"(, "indexes": {"orders": {"table": "public.orders", "index_per": "schema"}})";
  EXPECT_THAT(Run({"config", "check"}).err, HasSubstr("the table is in one schema"));
  more_config_ = R"(, "indexes": {"orders": {"table": "tenant_*.orders", "embed":
                     {"customer": {"table": "tenant_*.customers"}}}})";
  EXPECT_THAT(Run({"config", "check"}).err, HasSubstr("leave the schema out"));
  more_config_ = fmt::format(R"(, "indexes": {})", kPerSchema);
  const Outcome good = Run({"config", "check"});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("orders.tenant_a: from tenant_a.orders"));
}

constexpr const char* kOneIndex =
    R"({"orders": {"table": "tenant_*.orders", "schema_field": "tenant", "routing": "tenant",
                   "settings": {"number_of_shards": 3},
                   "embed": {"customer": {"table": "customers", "on": {"customer_id": "id"}}}}})";

class OneIndex : public Schemas {
 protected:
  /// Returns what the index must contain, by one query over all present schemas.
  std::string Wanted(const std::string& columns = "'note', o.note") {
    pg::Session session(db_.options());
    const pg::Result schemas = session.Exec(
        "SELECT quote_ident(nspname), quote_literal(nspname) FROM pg_namespace WHERE nspname LIKE "
        "'tenant%' ORDER BY 1");
    std::string sql = "SELECT NULL::text, NULL::json WHERE false";
    for (std::size_t row = 0; row < schemas.rows(); ++row) {
      sql += fmt::format(
          " UNION ALL SELECT replace({1}, '|', '\\|') || '|' || o.id, json_build_object('tenant', "
          "{1}::text, 'id', o.id, 'customer_id', o.customer_id, {2}, 'customer', (SELECT "
          "to_json(c) FROM {0}.customers c WHERE c.id = o.customer_id)) FROM {0}.orders o",
          schemas.Text(row, 0), schemas.Text(row, 1), columns);
    }
    return sql;
  }
  void Expect(const std::string& columns = "'note', o.note") {
    ExpectIndex("orders", Wanted(columns));
  }
  void ExpectVerified() {
    const Outcome verified = Run({"verify"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  }
};

TEST_F(OneIndex, HoldsTheRowsOfAllSchemas) {
  MakeTenant("tenant_a");
  MakeTenant("tenant_b", 3);
  MakeTenant("other");
  Use(kOneIndex);
  Start();
  Expect();
  Exec(
      "UPDATE tenant_b.customers SET name = 'changed'; DELETE FROM tenant_a.orders WHERE id = 1;"
      "UPDATE tenant_b.orders SET id = 77 WHERE id = 2; INSERT INTO tenant_a.orders VALUES (2000)");
  Expect();
  Exec("TRUNCATE tenant_b.orders");
  Expect();
  ExpectVerified();
}

TEST_F(OneIndex, FollowsSchemasThatComeAndGo) {
  MakeTenant("tenant_a");
  Use(kOneIndex);
  Start();
  Expect();
  MakeTenant("tenant_b", 40);
  Exec(
      "CREATE SCHEMA \"tenant_|X\"; CREATE TABLE \"tenant_|X\".customers (id int PRIMARY KEY, name "
      "text); CREATE TABLE \"tenant_|X\".orders (id int PRIMARY KEY, customer_id int, note text);"
      "INSERT INTO \"tenant_|X\".orders VALUES (1, NULL, 'odd')");
  Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.member") == "3"; });
  Exec("INSERT INTO tenant_b.orders VALUES (41, 1, 'later')");
  Expect();
  Exec("ALTER SCHEMA tenant_b RENAME TO tenant_c");
  Await([&] {
    return db_.Text("SELECT count(*) FROM pgsluice.member WHERE schema_name = 'tenant_c'") == "1";
  });
  Expect();
  Exec("DROP SCHEMA tenant_a CASCADE");
  Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.member") == "2"; });
  Expect();
  ExpectVerified();
  Exec("DROP SCHEMA tenant_c CASCADE; DROP SCHEMA \"tenant_|X\" CASCADE");
  Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.member") == "0"; });
  Expect();
  MakeTenant("tenant_d");
  Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.member") == "1"; });
  Expect();
}

TEST_F(OneIndex, AColumnCanBeAddedSchemaBySchema) {
  for (const char* name : {"tenant_a", "tenant_b", "tenant_c"}) MakeTenant(name, 5);
  Use(kOneIndex);
  Start();
  Expect();
  const std::string physical = db_.Text("SELECT physical FROM pgsluice.index_state");
  for (const char* name : {"tenant_b", "tenant_a", "tenant_c"}) {
    const std::string hash =
        fmt::format("SELECT hash FROM pgsluice.member WHERE schema_name = '{}'", name);
    const std::string before = db_.Text(hash);
    Exec(fmt::format("ALTER TABLE {0}.orders ADD COLUMN paid boolean DEFAULT true", name));
    Await([&] { return db_.Text(hash) != before; });
    Settle();
  }
  Expect("'note', o.note, 'paid', o.paid");
  EXPECT_EQ(db_.Text("SELECT physical FROM pgsluice.index_state"), physical);
  ExpectVerified();
}

TEST_F(OneIndex, ASchemaThatDoesNotFitDoesNotStopOthers) {
  MakeTenant("tenant_a");
  MakeTenant("tenant_b");
  Use(kOneIndex);
  Start();
  Expect();
  Exec("DROP TABLE tenant_b.customers CASCADE");
  Await([&] { return Run({"status"}).out.find("broken") != std::string::npos; });
  Exec("INSERT INTO tenant_a.orders VALUES (9, 1, 'goes on')");
  const Outcome status = Run({"status", "--json"});
  const json::Value parsed = json::Parse(status.out);
  EXPECT_THAT(parsed.Find({"indexes", "orders", "reason"})->text, HasSubstr("tenant_b.customers"));
  Exec(
      "CREATE TABLE tenant_b.customers (id int PRIMARY KEY, name text);"
      "INSERT INTO tenant_b.customers VALUES (1, 'again')");
  Await([&] { return Run({"status"}).out.find("broken") == std::string::npos; });
  Expect();
}

TEST_F(OneIndex, IsSearchedReindexedAndPreviewed) {
  MakeTenant("tenant_a");
  MakeTenant("tenant_b");
  Use(kOneIndex);
  Start();
  Expect();
  const Outcome check = Run({"config", "check"});
  EXPECT_EQ(check.code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("orders: from tenant_*.orders in 2 schemas"));
  const Outcome preview = Run({"preview", "orders", "--id", "tenant_b|2"});
  EXPECT_EQ(preview.code, 0) << preview.err;
  EXPECT_THAT(preview.out, HasSubstr(R"("tenant":"tenant_b")"));
  EXPECT_THAT(Run({"config", "diff"}).out, HasSubstr("orders: nothing"));
  const Outcome again = Run({"backfill", "orders"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("4 rows read"));
  const Outcome reindex = Run({"reindex", "orders"});
  EXPECT_EQ(reindex.code, 0) << reindex.err;
  Expect();
}

}  // namespace
}  // namespace pgsluice::testing
