#include "pgsluice/migrate/migrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>

#include "pgsluice/base/error.h"
#include "support/pg_sandbox.h"

namespace pgsluice::migrate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Migrator::List kThree = {
    {1, "0001_first", R"sql(
      CREATE SCHEMA IF NOT EXISTS pgsluice;
      CREATE TABLE IF NOT EXISTS pgsluice.migrations (
        number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz DEFAULT now());
      INSERT INTO pgsluice.migrations VALUES (1, '0001_first') ON CONFLICT DO NOTHING;)sql"},
    {2, "0002_second", R"sql(
      CREATE TABLE pgsluice.once (n int);
      INSERT INTO pgsluice.migrations VALUES (2, '0002_second');)sql"},
    {5, "0005_third", "INSERT INTO pgsluice.migrations VALUES (5, '0005_third');"}};

const Migrator::List kTwo(kThree.begin(), kThree.begin() + 2);

class MigratorTest : public ::testing::Test {
 protected:
  MigratorTest() : session_(db_.options()) {}

  Error Refusal(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error;
    }
    return Error(Disposition::kReject, "nothing was thrown");
  }

  /// Runs `call` as a role without rights except `more`; returns what it throws.
  Error RefusalOfRole(const std::string& role, const std::function<void()>& call) {
    session_.Exec("CREATE ROLE " + role + "; SET ROLE " + role);
    const Error error = Refusal(call);
    session_.Exec("RESET ROLE; DROP ROLE " + role);
    return error;
  }

  ::pgsluice::testing::PgSandbox db_;
  pg::Session session_;
};

TEST_F(MigratorTest, AppliesOnceInOrder) {
  std::vector<std::string> lines;
  const auto log = [&](const std::string& line) {
    if (line.find("superuser") == std::string::npos) lines.push_back(line);
  };
  EXPECT_THAT(Migrator::Up(session_, log, kThree),
              ElementsAre("0001_first", "0002_second", "0005_third"));
  EXPECT_THAT(lines,
              ElementsAre("applied 0001_first", "applied 0002_second", "applied 0005_third"));
  EXPECT_THAT(Migrator::Up(session_, log, kThree), IsEmpty());
  EXPECT_NO_THROW(Migrator::CheckVersion(session_, kThree));
}

TEST_F(MigratorTest, StatusOfAFreshAndAPartlyMigratedDatabase) {
  std::vector<MigrationState> states = Migrator::Status(session_, kThree);
  ASSERT_EQ(states.size(), 3u);
  for (const MigrationState& state : states) EXPECT_EQ(state.applied_at, "");
  const Error fresh = Refusal([&] { Migrator::CheckVersion(session_, kThree); });
  EXPECT_EQ(fresh.disposition(), Disposition::kFatal);
  EXPECT_THAT(fresh.what(), HasSubstr("is not migrated"));
  EXPECT_EQ(fresh.hint(), "run 'pgsluice migrate up'");

  Migrator::Up(session_, {}, kTwo);
  states = Migrator::Status(session_, kThree);
  EXPECT_EQ(states[1].name, "0002_second");
  EXPECT_THAT(states[1].applied_at, ::testing::MatchesRegex("20.*T.*Z"));
  EXPECT_EQ(states[2].applied_at, "");
  const Error partly = Refusal([&] { Migrator::CheckVersion(session_, kThree); });
  EXPECT_THAT(partly.what(), HasSubstr("only partly migrated: 0005_third is missing"));
  EXPECT_EQ(partly.hint(), "run 'pgsluice migrate up'");
  EXPECT_THAT(Migrator::Up(session_, {}, kThree), ElementsAre("0005_third"));
}

TEST_F(MigratorTest, RefusesANewerDatabase) {
  Migrator::Up(session_, {}, kThree);
  for (const Error& error : {Refusal([&] { Migrator::CheckVersion(session_, kTwo); }),
                             Refusal([&] { Migrator::Up(session_, {}, kTwo); })}) {
    EXPECT_EQ(error.disposition(), Disposition::kFatal);
    EXPECT_THAT(error.what(), HasSubstr("0005_third, which this pgsluice does not know"));
    EXPECT_THAT(error.hint(), HasSubstr("at least as new"));
  }
  const std::vector<MigrationState> states = Migrator::Status(session_, kTwo);
  ASSERT_EQ(states.size(), 3u);
  EXPECT_TRUE(states[1].known);
  EXPECT_FALSE(states[2].known);
}

TEST_F(MigratorTest, AFailingMigrationLeavesNothingOfItself) {
  Migrator::List broken = kTwo;
  broken[1].sql = "CREATE TABLE pgsluice.half (n int); SELECT no_such_function();";
  const Error error = Refusal([&] { Migrator::Up(session_, {}, broken); });
  EXPECT_EQ(error.disposition(), Disposition::kFatal);
  EXPECT_THAT(error.what(), HasSubstr("migration 0002_second"));
  EXPECT_THAT(error.what(), HasSubstr("no_such_function"));
  EXPECT_EQ(db_.Text("SELECT to_regclass('pgsluice.half')"), "");
  EXPECT_THAT(Migrator::Up(session_, {}, kTwo), ElementsAre("0002_second"));
}

TEST_F(MigratorTest, TwoAtOnceShareTheWork) {
  const auto run = [&] {
    pg::Session session(db_.options());
    return Migrator::Up(session, {}, kThree).size();
  };
  auto other = std::async(std::launch::async, run);
  const std::size_t mine = run();
  EXPECT_EQ(mine + other.get(), kThree.size());
}

TEST_F(MigratorTest, WaitsForALockThatSomebodyHolds) {
  Migrator::Up(session_, {}, kTwo);
  pg::Session holder(db_.options());
  holder.Exec("CREATE TABLE public.busy (n int)");
  holder.Exec("BEGIN; LOCK TABLE public.busy");
  std::promise<void> waited;
  bool said = false;
  const auto log = [&](const std::string& line) {
    if (!said && line.find("waits for a lock") != std::string::npos) {
      said = true;
      waited.set_value();
    }
  };
  Migrator::List locking = kTwo;
  locking.push_back({3, "0003_lock",
                     "LOCK TABLE public.busy; INSERT INTO pgsluice.migrations "
                     "VALUES (3, '0003_lock');"});
  auto up = std::async(std::launch::async, [&] { return Migrator::Up(session_, log, locking); });
  EXPECT_EQ(waited.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  holder.Exec("COMMIT");
  EXPECT_THAT(up.get(), ElementsAre("0003_lock"));
}

TEST_F(MigratorTest, SaysWhichGrantIsMissing) {
  const std::string role = db_.Text("SELECT current_database()") + "_role";
  const Error create = RefusalOfRole(role, [&] { Migrator::Up(session_, {}, kThree); });
  EXPECT_EQ(create.disposition(), Disposition::kFatal);
  EXPECT_THAT(create.hint(), HasSubstr("GRANT CREATE ON DATABASE"));
  EXPECT_THAT(create.hint(), HasSubstr("TO " + role));
  Migrator::Up(session_, {}, kThree);
  const Error use = RefusalOfRole(role, [&] { Migrator::CheckVersion(session_, kThree); });
  EXPECT_EQ(use.disposition(), Disposition::kFatal);
  EXPECT_THAT(use.hint(), HasSubstr(" TO " + role));
}

TEST_F(MigratorTest, AppliesAgainWhatHasAnotherText) {
  Migrator::List list = kTwo;
  list[1].sql =
      "CREATE TABLE IF NOT EXISTS pgsluice.once (n int); CREATE OR REPLACE FUNCTION pgsluice.f() "
      "RETURNS int LANGUAGE sql AS 'SELECT 1'; INSERT INTO pgsluice.migrations VALUES (2, "
      "'0002_second') ON CONFLICT DO NOTHING;";
  Migrator::Up(session_, {}, list);
  EXPECT_THAT(Migrator::Up(session_, {}, list), IsEmpty());
  Migrator::List newer = list;
  newer[1].sql.replace(newer[1].sql.find("SELECT 1"), 8, "SELECT 2");
  EXPECT_FALSE(Migrator::Status(session_, list)[1].changed);
  EXPECT_TRUE(Migrator::Status(session_, newer)[1].changed);
  EXPECT_NO_THROW(Migrator::CheckVersion(session_, newer));
  EXPECT_THAT(Migrator::Up(session_, {}, newer), ElementsAre("0002_second"));
  EXPECT_EQ(db_.Text("SELECT pgsluice.f()"), "2");
  EXPECT_FALSE(Migrator::Status(session_, newer)[1].changed);
}

TEST_F(MigratorTest, AppliesAgainWhatAnotherToolApplied) {
  const Migrator::List one{kTwo[0]};
  db_.Exec(Migrator::PrintSql(one));
  const MigrationState state = Migrator::Status(session_, one)[0];
  EXPECT_TRUE(state.changed);
  EXPECT_EQ(state.content, "");
  EXPECT_THAT(Migrator::Up(session_, {}, one), ElementsAre("0001_first"));
  EXPECT_THAT(Migrator::Up(session_, {}, one), IsEmpty());
}

TEST_F(MigratorTest, FilesMayBeRunAgainBesideOpenWriters) {
  Migrator::Up(session_, {});
  pg::Session writer(db_.options());
  writer.Exec(
      "BEGIN; INSERT INTO pgsluice.outbox (source) VALUES (1); UPDATE pgsluice.index_state SET "
      "reason = ''; DELETE FROM pgsluice.source; DELETE FROM pgsluice.backfill");
  session_.Exec("SET lock_timeout = '1s'");
  for (const Migration& migration : EmbeddedMigrations()) {
    EXPECT_NO_THROW(session_.Exec("BEGIN; " + migration.sql + "; COMMIT")) << migration.name;
  }
}

TEST_F(MigratorTest, WarnsOfASuperuser) {
  std::string lines;
  Migrator::Up(
      session_, [&](const std::string& line) { lines += line; }, kTwo);
  EXPECT_THAT(lines, HasSubstr("this role is a superuser"));
}

TEST_F(MigratorTest, IsNotStalledByAnAdvisoryLock) {
  pg::Session stranger(db_.options());
  stranger.Exec("SELECT pg_advisory_lock(1886612588, n) FROM generate_series(1, 9) n");
  EXPECT_EQ(Migrator::Up(session_, {}, kThree).size(), kThree.size());
}

TEST_F(MigratorTest, PrintsAllFiles) {
  const std::string sql = Migrator::PrintSql(kThree);
  EXPECT_THAT(sql, HasSubstr("-- migrations/0005_third.sql\nINSERT"));
  db_.Exec(sql);
  EXPECT_NO_THROW(Migrator::CheckVersion(session_, kThree));
}

TEST_F(MigratorTest, DownOfADatabaseWithoutUs) {
  EXPECT_FALSE(Migrator::Down(session_));
  Migrator::Up(session_, {}, kTwo);
  EXPECT_TRUE(Migrator::Down(session_));
  EXPECT_EQ(db_.Text("SELECT to_regnamespace('pgsluice')"), "");
}

}  // namespace
}  // namespace pgsluice::migrate
