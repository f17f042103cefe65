#include "pgsluice/catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "support/pg_sandbox.h"

namespace pgsluice::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class CatalogTest : public ::testing::Test {
 protected:
  Catalog Load() {
    pg::Session session(db_.options());
    return Catalog::Load(session);
  }
  Catalog Load(const std::string& definitions) {
    db_.Exec(definitions);
    return Load();
  }
  static const TypeInfo& Type(const Catalog& catalog, const char* table, const char* column) {
    const Table* found = catalog.Find(table);
    const Column* type = found == nullptr ? nullptr : found->Find(column);
    if (type == nullptr) throw std::runtime_error(std::string("no ") + table + "." + column);
    return type->type;
  }

  ::pgsluice::testing::PgSandbox db_;
};

std::vector<std::string> Names(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

std::vector<std::string> Descendants(const Catalog& catalog, const char* name) {
  std::vector<std::string> names;
  for (const std::uint32_t oid : catalog.Find(name)->descendants) {
    names.push_back(catalog.Find(oid)->name);
  }
  return names;
}

TEST_F(CatalogTest, OddNamesAndDroppedColumns) {
  const Catalog catalog = Load(R"sql(
    CREATE SCHEMA "Odd ""Schema";
    CREATE TABLE "Odd ""Schema"."a.b ä" ("select" int, "x y" text, gone int, "Ünï""q" text NOT NULL,
      made int GENERATED ALWAYS AS ("select" + 1) STORED, PRIMARY KEY ("x y"));
    ALTER TABLE "Odd ""Schema"."a.b ä" DROP COLUMN gone;
    CREATE TABLE empty ();
    CREATE TEMP TABLE passing (id int))sql");
  const Table* table = catalog.Find("\"Odd \"\"Schema\".\"a.b ä\"");
  ASSERT_NE(table, nullptr);
  EXPECT_THAT(Names(*table), ElementsAre("select", "x y", "Ünï\"q", "made"));
  EXPECT_EQ(table->columns[2].number, 4);
  EXPECT_TRUE(table->columns[2].not_null);
  EXPECT_FALSE(table->columns[0].not_null);
  EXPECT_TRUE(table->Find("made")->generated);
  EXPECT_EQ(catalog.Find(table->QualifiedName()), table);
  EXPECT_EQ(catalog.Find(table->oid), table);
  EXPECT_THAT(table->Identity(), ElementsAre("x y"));
  ASSERT_NE(catalog.Find("EMPTY"), nullptr);
  EXPECT_THAT(catalog.Find("empty")->columns, IsEmpty());
  EXPECT_EQ(catalog.tables().size(), 2u);  // no temporary ones, no catalogs
}

TEST_F(CatalogTest, TypesThroughDomainsArraysAndRanges) {
  const Catalog catalog = Load(R"sql(
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    ALTER TYPE mood ADD VALUE 'fine' BEFORE 'ok';
    CREATE DOMAIN money_base AS numeric(10,2);
    CREATE DOMAIN price AS money_base CHECK (value >= 0);
    CREATE DOMAIN prices AS price[];
    CREATE DOMAIN moods AS mood[];
    CREATE TYPE address AS (street text, city text);
    CREATE TYPE price_range AS RANGE (subtype = price);
    CREATE TABLE t (id bigint, n numeric(12,3), p price, ps prices, m mood, ms mood[], md moods,
      a address, r int4range, ar address[], mr nummultirange, pr price_range, codes varchar(7)[],
      v int2vector))sql");
  EXPECT_EQ(Type(catalog, "t", "n").sql, "numeric(12,3)");
  EXPECT_EQ(Type(catalog, "t", "n").schema, "pg_catalog");
  const TypeInfo& price = Type(catalog, "t", "p");
  EXPECT_EQ(price.sql, "public.price");
  EXPECT_EQ(price.base, "numeric");
  EXPECT_TRUE(price.domain);
  EXPECT_TRUE(price.BuiltIn());
  EXPECT_EQ(price.kind, 'b');
  const TypeInfo& prices = Type(catalog, "t", "ps");
  EXPECT_TRUE(prices.array);
  EXPECT_EQ(prices.sql, "public.prices");
  EXPECT_EQ(prices.element->sql, "public.price");
  EXPECT_EQ(prices.element->base, "numeric");
  const TypeInfo& mood = Type(catalog, "t", "m");
  EXPECT_EQ(mood.kind, 'e');
  EXPECT_THAT(mood.labels, ElementsAre("sad", "fine", "ok"));
  for (const char* column : {"ms", "md"}) {
    const TypeInfo& moods = Type(catalog, "t", column);
    EXPECT_TRUE(moods.array);
    EXPECT_EQ(moods.element->sql, "public.mood");
    EXPECT_THAT(moods.element->labels, ElementsAre("sad", "fine", "ok"));
  }
  EXPECT_EQ(Type(catalog, "t", "a").kind, 'c');
  EXPECT_EQ(Type(catalog, "t", "ar").element->kind, 'c');
  EXPECT_EQ(Type(catalog, "t", "r").kind, 'r');
  EXPECT_EQ(Type(catalog, "t", "r").element->base, "int4");
  EXPECT_EQ(Type(catalog, "t", "pr").element->sql, "public.price");
  EXPECT_EQ(Type(catalog, "t", "pr").element->base, "numeric");
  EXPECT_EQ(Type(catalog, "t", "mr").kind, 'm');
  EXPECT_EQ(Type(catalog, "t", "mr").element->base_sql, R"("pg_catalog"."numrange")");
  EXPECT_EQ(Type(catalog, "t", "mr").element->base, "");
  EXPECT_THAT(Type(catalog, "t", "a").field_names, ::testing::Not(::testing::IsEmpty()));
  EXPECT_EQ(Type(catalog, "t", "mr").element->element->base, "numeric");
  EXPECT_EQ(Type(catalog, "t", "codes").element->sql, "character varying(7)");
  EXPECT_EQ(Type(catalog, "t", "v").element->base, "int2");
}

TEST_F(CatalogTest, CollationsThatEquateTexts) {
  const Catalog catalog = Load(R"sql(
    CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE DOMAIN folded_text AS text COLLATE folded;
    CREATE TABLE t (a text, b text COLLATE folded, c text COLLATE "C", d folded_text,
                    e text[] COLLATE folded))sql");
  EXPECT_TRUE(Type(catalog, "t", "a").deterministic);
  EXPECT_FALSE(Type(catalog, "t", "b").deterministic);
  EXPECT_TRUE(Type(catalog, "t", "c").deterministic);
  EXPECT_FALSE(Type(catalog, "t", "d").deterministic);
  EXPECT_FALSE(Type(catalog, "t", "e").element->deterministic);
}

TEST_F(CatalogTest, PartitionsAndChildrenOfAllLevels) {
  const Catalog catalog = Load(R"sql(
    CREATE TABLE log (id int, at date, kind text, PRIMARY KEY (at, id, kind)) PARTITION BY RANGE (at);
    CREATE TABLE log_24 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
      PARTITION BY LIST (kind);
    CREATE TABLE log_24_a PARTITION OF log_24 FOR VALUES IN ('a');
    CREATE TABLE log_24_b PARTITION OF log_24 FOR VALUES IN ('b');
    CREATE TABLE log_25 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    INSERT INTO log SELECT n, '2024-05-05', 'a' FROM generate_series(1, 300) n;
    INSERT INTO log SELECT n, '2025-05-05', 'a' FROM generate_series(1, 200) n;
    ANALYZE log;
    CREATE TABLE base (id int);
    CREATE TABLE left_one (l int) INHERITS (base);
    CREATE TABLE right_one (r int) INHERITS (base);
    CREATE TABLE both_ones () INHERITS (left_one, right_one))sql");
  EXPECT_EQ(catalog.Find("log")->kind, 'p');
  EXPECT_EQ(catalog.Find("log")->filenode, 0u);
  EXPECT_FALSE(catalog.Find("log")->is_partition);
  EXPECT_TRUE(catalog.Find("log_24")->is_partition);
  EXPECT_TRUE(catalog.Find("log_24_b")->is_partition);
  EXPECT_FALSE(catalog.Find("left_one")->is_partition);
  EXPECT_THAT(Descendants(catalog, "log"),
              UnorderedElementsAre("log_24", "log_24_a", "log_24_b", "log_25"));
  EXPECT_THAT(Descendants(catalog, "base"),
              UnorderedElementsAre("left_one", "right_one", "both_ones"));
  EXPECT_EQ(catalog.Find("log")->estimated_rows, 500);
  EXPECT_EQ(catalog.Find("log_24")->estimated_rows, 300);
  EXPECT_EQ(catalog.Find("base")->estimated_rows, -1);
  EXPECT_THAT(catalog.Find("log")->Identity(), ElementsAre("at", "id", "kind"));
}

TEST_F(CatalogTest, IndexesThatProveUniquenessAndThoseThatDoNot) {
  const Catalog catalog = Load(R"sql(
    CREATE TABLE t (a int NOT NULL, b int NOT NULL, c text, d int[]);
    CREATE UNIQUE INDEX t_partial ON t (a) WHERE b > 0;
    CREATE UNIQUE INDEX t_expression ON t (a, lower(c));
    CREATE UNIQUE INDEX t_covering ON t (b, a) INCLUDE (c);
    CREATE INDEX t_gin ON t USING gin (d);
    CREATE INDEX t_plain ON t (c, (a + 1), b))sql");
  const Table& table = *catalog.Find("t");
  std::map<std::string, Index> indexes;
  for (const Index& index : table.indexes) indexes[index.name] = index;
  EXPECT_EQ(indexes.size(), 4u);
  EXPECT_TRUE(indexes["t_partial"].partial);
  EXPECT_FALSE(indexes["t_partial"].unique);
  EXPECT_FALSE(indexes["t_expression"].unique);
  EXPECT_THAT(indexes["t_expression"].columns, ElementsAre("a"));
  EXPECT_TRUE(indexes["t_covering"].unique);
  EXPECT_THAT(indexes["t_covering"].columns, ElementsAre("b", "a"));
  EXPECT_THAT(indexes["t_plain"].columns, ElementsAre("c"));
  EXPECT_THAT(table.Identity(), ElementsAre("b", "a"));
}

TEST_F(CatalogTest, ForeignKeysCompositeSelfAndOfPartitions) {
  const Catalog catalog = Load(R"sql(
    CREATE TABLE node (id int PRIMARY KEY, parent int CONSTRAINT up REFERENCES node);
    CREATE TABLE orders (a int, b int, at date, PRIMARY KEY (b, a, at)) PARTITION BY RANGE (at);
    CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE item (oa int, ob int, at date, node int REFERENCES node,
      CONSTRAINT of_order FOREIGN KEY (oa, ob, at) REFERENCES orders (a, b, at)))sql");
  std::vector<ForeignKey> of_order;
  for (const ForeignKey& key : catalog.foreign_keys()) {
    if (key.target == catalog.Find("orders")->oid) of_order.push_back(key);
    if (key.name == "up") {
      EXPECT_EQ(key.table, key.target);
    }
  }
  EXPECT_EQ(catalog.foreign_keys().size(), 3u);
  ASSERT_EQ(of_order.size(), 1u);
  EXPECT_EQ(of_order[0].table, catalog.Find("item")->oid);
  EXPECT_THAT(of_order[0].columns, ElementsAre("oa", "ob", "at"));
  EXPECT_THAT(of_order[0].target_columns, ElementsAre("a", "b", "at"));
}

TEST_F(CatalogTest, WhatThePresentRoleMayRead) {
  const std::string role = db_.Text("SELECT current_database()") + "_role";
  db_.Exec("CREATE ROLE " + role + R"sql(;
    CREATE SCHEMA shut;
    CREATE TABLE shut.t (id int);
    CREATE TABLE open (id int); CREATE TABLE partly (id int, secret text); CREATE TABLE guarded (id int);
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    CREATE TABLE closed (id int);
    GRANT SELECT ON open, guarded, shut.t TO )sql" +
           role + "; GRANT SELECT (id) ON partly TO " + role);
  pg::Session session(db_.options());
  session.Exec("SET ROLE " + role);
  const Catalog catalog = Catalog::Load(session);
  session.Exec("RESET ROLE; DROP OWNED BY " + role + "; DROP ROLE " + role);
  EXPECT_TRUE(catalog.Find("open")->can_select);
  EXPECT_FALSE(catalog.Find("open")->row_security);
  EXPECT_TRUE(catalog.Find("guarded")->row_security);
  EXPECT_FALSE(catalog.Find("closed")->can_select);
  EXPECT_FALSE(catalog.Find("shut.t")->can_select);
  EXPECT_TRUE(catalog.Find("partly")->can_select);
  EXPECT_TRUE(catalog.Find("partly")->Find("id")->can_select);
  EXPECT_FALSE(catalog.Find("partly")->Find("secret")->can_select);
  EXPECT_FALSE(Load().Find("guarded")->row_security);  // the owner and superuser
}

TEST_F(CatalogTest, ViewsHaveNoKey) {
  const Catalog catalog = Load(R"sql(
    CREATE TABLE t (id int PRIMARY KEY);
    CREATE VIEW v AS SELECT id, id * 2 AS twice FROM t;
    CREATE MATERIALIZED VIEW m AS SELECT id FROM t)sql");
  EXPECT_EQ(catalog.Find("v")->kind, 'v');
  EXPECT_EQ(catalog.Find("m")->kind, 'm');
  EXPECT_EQ(catalog.Find("v")->estimated_rows, -1);
  EXPECT_FALSE(catalog.Find("v")->HasKey());
  EXPECT_THAT(catalog.Find("v")->Identity(), ElementsAre("id", "twice"));
}

TEST_F(CatalogTest, TheFingerprintFollowsDefinitionsAndNothingElse) {
  db_.Exec(R"sql(
    CREATE TABLE t (id int PRIMARY KEY, v varchar(3), n int) PARTITION BY RANGE (id);
    CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (1) TO (10);
    CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN d AS int; CREATE TYPE pair AS (a int, b int);
    CREATE VIEW w AS SELECT 1 AS one; CREATE TABLE u (id int, t int))sql");
  std::string last = Catalog::Fingerprint(db_.session());
  EXPECT_EQ(last, Load().fingerprint());
  for (const char* nothing :
       {"INSERT INTO t SELECT generate_series(1, 9)", "ANALYZE t", "VACUUM t_1", "TRUNCATE t",
        "REINDEX TABLE t_1", "CREATE TEMP TABLE tt (id int)", "SET search_path = ''",
        "VACUUM FULL public.t_1", "SET search_path = public"}) {
    db_.Exec(nothing);
    EXPECT_EQ(Catalog::Fingerprint(db_.session()), last) << nothing;
  }
  for (const char* change : {"ALTER TABLE t ADD x text",
                             "ALTER TABLE t RENAME x TO y",
                             "ALTER TABLE t DROP y",
                             "ALTER TABLE t ALTER v TYPE varchar(4)",
                             "ALTER TABLE t ALTER n SET NOT NULL",
                             "CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (20)",
                             "ALTER TABLE t DETACH PARTITION t_2",
                             "ALTER TYPE mood ADD VALUE 'ok'",
                             "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
                             "ALTER DOMAIN d RENAME TO e",
                             "ALTER TYPE pair ADD ATTRIBUTE c text",
                             "CREATE OR REPLACE VIEW w AS SELECT 2 AS one",
                             "CREATE UNIQUE INDEX n_once ON t_2 (n)",
                             "ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES t",
                             "ALTER TABLE u RENAME TO uu",
                             "ALTER TABLE uu ENABLE ROW LEVEL SECURITY",
                             "GRANT SELECT ON uu TO PUBLIC",
                             "CREATE SCHEMA s; ALTER TABLE uu SET SCHEMA s",
                             "ALTER SCHEMA s RENAME TO ss",
                             "DROP TABLE t_2"}) {
    db_.Exec(change);
    const std::string now = Catalog::Fingerprint(db_.session());
    EXPECT_NE(now, last) << change;
    last = now;
  }
}

TEST_F(CatalogTest, ThousandsOfTables) {
  db_.Exec(R"sql(DO $$ BEGIN
    FOR n IN 1..2000 LOOP
      EXECUTE format('CREATE TABLE many_%s (id int, a text, b numeric(8,2), c date)', n);
      IF n % 200 = 0 THEN COMMIT; END IF;
    END LOOP; END $$)sql");
  const Catalog catalog = Load();
  EXPECT_EQ(catalog.tables().size(), 2000u);
  EXPECT_EQ(catalog.Find("many_1999")->columns.size(), 4u);
}

}  // namespace
}  // namespace pgsluice::catalog
