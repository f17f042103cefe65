#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "pgsluice/migrate/migrator.h"
#include "support/paths.h"
#include "support/pg_sandbox.h"

// The shipped migrations, applied and removed by the migrator and by psql.
namespace pgsluice::migrate {
namespace {

using ::pgsluice::testing::PgSandbox;
using ::testing::IsEmpty;

/// Returns everything in schema pgsluice, everything that depends on its functions, and all grants
/// on it.
std::string Listing(PgSandbox& db) {
  return db.Text(R"sql(SELECT string_agg(line, E'\n' ORDER BY line) FROM (
    SELECT concat_ws(' ', c.relkind, c.relname, c.reloptions, c.relacl, a.attname,
                     format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                     pg_get_expr(d.adbin, d.adrelid)) AS line
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = to_regnamespace('pgsluice')
    UNION ALL
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = to_regnamespace('pgsluice')
    UNION ALL
    SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = to_regnamespace('pgsluice')
    UNION ALL
    SELECT concat_ws(' ', proacl, pg_get_functiondef(oid)) FROM pg_proc
    WHERE pronamespace = to_regnamespace('pgsluice') AND prokind <> 'a'
    UNION ALL
    SELECT pg_get_viewdef(oid) FROM pg_class
    WHERE relnamespace = to_regnamespace('pgsluice') AND relkind = 'v'
    UNION ALL
    SELECT concat_ws(' ', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT concat_ws(' ', nspname, nspacl) FROM pg_namespace WHERE nspname = 'pgsluice') AS t)sql");
}

TEST(MigrationFiles, PsqlGivesTheSameStateAsTheBinary) {
  PgSandbox by_binary, by_psql;
  pg::Session session(by_binary.options());
  Migrator::Up(session);
  for (const Migration& migration : EmbeddedMigrations()) {
    const std::string file = testing::SourceFile("/migrations/" + migration.name + ".sql");
    ASSERT_TRUE(std::filesystem::exists(file)) << file;
    const std::string command =
        "psql -q -X -v ON_ERROR_STOP=1 -f '" + file + "' '" + by_psql.url() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  EXPECT_NE(Listing(by_binary), "");
  EXPECT_EQ(Listing(by_psql), Listing(by_binary));
  pg::Session other(by_psql.options());
  EXPECT_NO_THROW(Migrator::CheckVersion(other));
  // Nothing records which version of the files psql applied, so they are applied once more.
  EXPECT_EQ(Migrator::Up(other).size(), EmbeddedMigrations().size());
  EXPECT_THAT(Migrator::Up(other), IsEmpty());
}

TEST(MigrationFiles, DownLeavesNothing) {
  PgSandbox db;
  pg::Session session(db.options());
  db.Exec(R"sql(
    CREATE TABLE plain (id int PRIMARY KEY, name text);
    CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (100))sql");
  Migrator::Up(session);
  session.Exec("SELECT pgsluice.attach('public.plain'); SELECT pgsluice.attach('public.parts')");
  db.Exec("INSERT INTO plain VALUES (1, 'a'); INSERT INTO parts VALUES (1)");
  EXPECT_EQ(db.Text("SELECT count(*) > 0 FROM pgsluice.outbox"), "t");
  EXPECT_TRUE(Migrator::Down(session));
  EXPECT_EQ(Listing(db), "");
  db.Exec("UPDATE plain SET name = 'b'; INSERT INTO parts VALUES (2)");
  EXPECT_FALSE(Migrator::Down(session));
  EXPECT_EQ(Migrator::Up(session).size(), EmbeddedMigrations().size());
}

}  // namespace
}  // namespace pgsluice::migrate
