// What an operator types, and what it returns if something is wrong.

#include <gmock/gmock.h>

#include "pgsluice/json/value.h"
#include "support/cli_fixture.h"
#include "support/command_fixture.h"
#include "support/paths.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Operate : public CliFixture {
 protected:
  void TearDown() override {
    if (!role_.empty()) database_.Exec("DROP OWNED BY " + role_ + "; DROP ROLE " + role_);
    CliFixture::TearDown();
  }
  /// Returns the URL of a new role that owns the database's schema public and nothing else.
  std::string OwnRole() {
    role_ = "operate_" + database_.Text("SELECT current_database()");
    database_.Exec("CREATE ROLE " + role_ +
                   " LOGIN PASSWORD 'x'; GRANT CREATE ON SCHEMA public TO " + role_ +
                   "; GRANT CREATE ON DATABASE " + database_.Text("SELECT current_database()") +
                   " TO " + role_);
    return "host=127.0.0.1 user=" + role_ +
           " password=x dbname=" + database_.Text("SELECT current_database()") +
           " port=" + database_.Text("SELECT current_setting('port')");
  }

  PgSandbox database_;
  std::string role_;
};

TEST_F(Operate, OutputThatCannotBeWrittenIsAnError) {
  Process process({"/bin/bash", "-c", "\"$0\" config schema > /dev/full", Binary()}, {});
  EXPECT_EQ(process.Wait(), 1);
  EXPECT_THAT(process.err(), HasSubstr("cannot write the output: No space left on device"));
  Process head({"/bin/bash", "-c", "set -o pipefail; \"$0\" config schema | head -c 1", Binary()},
               {});
  EXPECT_EQ(head.Wait(), 0);
  EXPECT_EQ(head.err(), "");
}

TEST_F(Operate, ADirectoryIsNotAConfiguration) {
  const Outcome outcome = Run({"config", "check", "--config", directory_});
  EXPECT_EQ(outcome.code, 78);
  EXPECT_THAT(outcome.err, HasSubstr("cannot read \"" + directory_ + "\": Is a directory"));
  const Outcome secret = Run({"config", "print"}, {{"PGSLUICE_DATABASE_URL_FILE", directory_}});
  EXPECT_EQ(secret.code, 78);
  EXPECT_THAT(secret.err, HasSubstr("Is a directory"));
}

TEST_F(Operate, APrefixInUpperCaseIsNamed) {
  Configure(R"({"elasticsearch": {"index_prefix": "Shop-"}})");
  const Outcome outcome = RunOn(database_, {"config", "check"});
  EXPECT_EQ(outcome.code, 78);
  EXPECT_THAT(outcome.err, HasSubstr("elasticsearch.index_prefix"));
  EXPECT_THAT(outcome.err, HasSubstr("Shop-"));
  EXPECT_THAT(outcome.err, HasSubstr("lower case"));
}

TEST_F(Operate, HealthAndWaitAsJson) {
  const Outcome health =
      Run({"health", "--json", "--admin-listen", "127.0.0.1:" + std::to_string(FreePort())});
  EXPECT_EQ(health.code, 1);
  EXPECT_FALSE(json::Parse(health.out).Find("healthy")->boolean);
  EXPECT_THAT(json::Parse(health.out).Find("reason")->text, HasSubstr("nothing answers"));
  database_.Migrate();
  database_.Exec("CREATE TABLE item (id int PRIMARY KEY)");
  const Outcome wait = Run({"wait", "--json", "--timeout", "50ms"},
                           {{"PGSLUICE_DATABASE_URL", database_.url()},
                            {"PGSLUICE_LISTEN", "127.0.0.1:" + std::to_string(FreePort())}});
  EXPECT_EQ(wait.code, 4) << wait.err;
  EXPECT_FALSE(json::Parse(wait.out).Find("reached")->boolean);
  EXPECT_THAT(json::Parse(wait.out).Find("reason")->text, HasSubstr("item"));
}

TEST_F(Operate, AnUnknownDeadLetterIsAnError) {
  database_.Migrate();
  for (const char* what : {"retry", "discard"}) {
    const Outcome outcome = RunOn(database_, {"dead-letters", what, "99"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("no dead letter has the id 99"));
  }
  const Outcome all = RunOn(database_, {"dead-letters", "retry", "--all"});
  EXPECT_EQ(all.code, 0) << all.err;
}

TEST_F(Operate, TablesThatCannotBeIndexedDoNotBlockTheOthers) {
  const std::string url = OwnRole();
  database_.Exec(
      "CREATE TABLE foreign_item (id int PRIMARY KEY); GRANT SELECT ON foreign_item TO " + role_ +
      "; CREATE TABLE hidden_item (id int PRIMARY KEY); CREATE TABLE nothing ();"
      "ALTER TABLE nothing OWNER TO " +
      role_ +
      "; CREATE TABLE mine (id int PRIMARY KEY);"
      "ALTER TABLE mine OWNER TO " +
      role_);
  const Outcome up = Run({"migrate", "up"}, {{"PGSLUICE_DATABASE_URL", url}});
  EXPECT_EQ(up.code, 0) << up.err;
  EXPECT_THAT(up.err, HasSubstr("table public.foreign_item: not indexed: it belongs to role"));
  EXPECT_THAT(
      up.err,
      HasSubstr("table public.hidden_item: not indexed: no permission to read public.hidden_item"));
  EXPECT_THAT(up.err, HasSubstr("table public.nothing: not indexed: it has no columns"));
  EXPECT_THAT(up.err, HasSubstr("public.mine: attached"));
  EXPECT_THAT(up.err, Not(HasSubstr("error")));
  const Outcome check = Run({"config", "check"}, {{"PGSLUICE_DATABASE_URL", url},
                                                  {"PGSLUICE_ELASTICSEARCH_URL", "http://e:1"}});
  EXPECT_EQ(check.code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("mine: from public.mine by id, 1 fields\n"));
  EXPECT_THAT(check.out, Not(HasSubstr("hidden_item: from")));
}

TEST_F(Operate, TablesOutsideOfPublicAreNamedWithTheConfigurationToWrite) {
  database_.Exec("CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY)");
  const Outcome up = RunOn(database_, {"migrate", "up"});
  EXPECT_EQ(up.code, 0) << up.err;
  EXPECT_THAT(up.err, HasSubstr("all tables of this database are in schema \"shop\""));
  const auto begin = up.err.find("{\"indexes\"");
  ASSERT_NE(begin, std::string::npos) << up.err;
  Configure(up.err.substr(begin, up.err.find('\n', begin) - begin));
  const Outcome check = RunOn(database_, {"config", "check"});
  EXPECT_THAT(check.out, HasSubstr("orders: from shop.orders by id")) << check.err;
}

TEST_F(Operate, ADryRunShowsStatementsAndLocksAndDoesNothing) {
  database_.Exec("CREATE TABLE item (id int PRIMARY KEY)");
  const Outcome dry = RunOn(database_, {"migrate", "up", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("-- locks: only objects of schema pgsluice"));
  EXPECT_THAT(dry.out, HasSubstr("-- migrations/0001_outbox.sql"));
  EXPECT_THAT(dry.out, HasSubstr("-- lock: SHARE ROW EXCLUSIVE (blocks writers, not readers) on "
                                 "public.item"));
  EXPECT_THAT(dry.out, HasSubstr("CREATE TRIGGER"));
  EXPECT_EQ(database_.Text("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgsluice'"), "0");
  const Outcome up = RunOn(database_, {"migrate", "up"});
  EXPECT_EQ(up.code, 0) << up.err;
  const Outcome nothing = RunOn(database_, {"migrate", "up", "--dry-run"});
  EXPECT_THAT(nothing.out, HasSubstr("-- nothing to do"));
}

class OperateService : public CommandTest {};

TEST_F(OperateService, StatusIsAboutTheRequestedDatabase) {
  Exec("CREATE TABLE item (id int PRIMARY KEY)");
  db_.Migrate();
  Attach();
  const std::string admin = "127.0.0.1:" + std::to_string(FreePort());
  const auto service = Begin(
      {"run", "--admin-listen", admin, "--listen", "127.0.0.1:" + std::to_string(FreePort())});
  ASSERT_TRUE(service->WaitForLine("running", std::chrono::seconds(60))) << service->err();
  const Outcome own = Run({"status", "--json", "--admin-listen", admin});
  ASSERT_EQ(own.code, 0) << own.err;
  EXPECT_NE(json::Parse(own.out).Find({"indexes", "item"}), nullptr) << own.out;
  EXPECT_NE(json::Parse(own.out).Find("phase")->text, "running elsewhere");
  PgSandbox other;
  other.Exec("CREATE TABLE elsewhere (id int PRIMARY KEY)");
  other.Migrate();
  const Outcome outcome =
      RunPgsluice({"status", "--json", "--admin-listen", admin, "--database-url", other.url()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json::Parse(outcome.out).Find("phase")->text, "stopped");
  EXPECT_EQ(json::Parse(outcome.out).Find({"indexes", "item"}), nullptr) << outcome.out;
  service->Signal(SIGTERM);
  EXPECT_EQ(service->Wait(), 0);
}

}  // namespace
}  // namespace pgsluice::testing
