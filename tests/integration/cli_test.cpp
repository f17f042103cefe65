#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "pgsluice/json/value.h"
#include "support/cli_fixture.h"
#include "support/paths.h"

namespace pgsluice::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Cli : public CliFixture {};

TEST_F(Cli, VersionAndHelp) {
  EXPECT_EQ(Run({"--version"}).out, "pgsluice 0.1.0\n");
  const Outcome general = Run({"--help"});
  EXPECT_EQ(general.code, 0);
  EXPECT_THAT(general.out, StartsWith("Usage: pgsluice <command> [options]\n"));
  EXPECT_EQ(Run({"help"}).out, general.out);
  EXPECT_EQ(Run({"version"}).out, "pgsluice 0.1.0\n");
  const Outcome help = Run({"verify", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("pgsluice verify projects --repair"));
  EXPECT_EQ(help.err, "");
  EXPECT_EQ(Run({"help", "verify"}).out, help.out);
  const Outcome bare = Run({});
  EXPECT_EQ(bare.code, 2);
  EXPECT_EQ(bare.out, general.out);
  EXPECT_THAT(Run({"completion", "bash"}).out, HasSubstr("complete -F _pgsluice pgsluice"));
}

TEST_F(Cli, NeedsNoEnvironmentToStart) {
  Process version({"/usr/bin/env", "-i", testing::Binary(), "version"}, {});
  EXPECT_EQ(version.Wait(), 0) << version.err();
}

// Poco's application would turn a crash into abort(), without a trace of where it was.
TEST_F(Cli, ACrashStaysACrash) {
  Process service({testing::Binary(), "run", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0",
                   "--database-url=postgresql://a@127.0.0.1:1/x"},
                  {.directory = directory_});
  ASSERT_TRUE(service.WaitForLine("starting", std::chrono::seconds(60))) << service.err();
  service.Signal(SIGSEGV);
  EXPECT_NE(service.Wait(), 128 + SIGABRT);
}

TEST_F(Cli, WrongUseIsExitCode2) {
  const Outcome outcome = Run({"stauts"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "pgsluice: error: unknown command \"stauts\"\n  hint: did you mean status?\n");
  EXPECT_EQ(Run({"verify", "--repiar"}).code, 2);
  EXPECT_EQ(Run({"run", "--daemon"}).code, 2);
  const Outcome level = Run({"config", "print", "--log-level", "debgu"});
  EXPECT_EQ(level.code, 2);
  EXPECT_THAT(level.err, HasSubstr("hint: did you mean \"debug\"?"));
  EXPECT_EQ(Run({"config", "print"}, {{"PGSLUICE_LOG_LEVEL", "debgu"}}).code, 78);
}

TEST_F(Cli, AllMistakesOfAConfigurationAtOnceAndExitCode78) {
  Configure("{\n  \"listen\": 8080,\n  \"indexes\": {\"A\": {\"tabel\": \"x\"}}\n}\n");
  const Outcome outcome = Run({"config", "print"});
  EXPECT_EQ(outcome.code, 78);
  EXPECT_EQ(outcome.err,
            "pgsluice: error: pgsluice.json, line 2, column 3: listen: must be a string, not a "
            "number\n"
            "pgsluice: error: pgsluice.json, line 3, column 21: indexes.A.tabel: unknown key "
            "\"tabel\"; did you mean \"table\"?\n"
            "pgsluice: error: pgsluice.json, line 3, column 15: indexes.A: an index name must be "
            "in lower case\n");
}

TEST_F(Cli, ConfigPrintMasksSecrets) {
  const Outcome outcome = Run({"config", "print", "--database-url", "postgresql://a:pw@db/x"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("postgresql://a:***@db/x"));
  EXPECT_EQ(outcome.out.find("pw"), std::string::npos);
}

TEST_F(Cli, ConfigSchemaIsJson) {
  const Outcome outcome = Run({"config", "schema"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(json::Parse(outcome.out).IsObject());
}

TEST_F(Cli, KeysCreatePrintsAKeyAndItsEntry) {
  const Outcome first = Run({"keys", "create", "--policy", "member", "--name", "web"});
  const Outcome second = Run({"keys", "create"});
  EXPECT_EQ(first.code, 0);
  EXPECT_THAT(first.out, StartsWith("pgsluice_"));
  EXPECT_THAT(first.out, HasSubstr("{\"name\":\"web\",\"sha256\":\""));
  EXPECT_NE(first.out.substr(0, 73), second.out.substr(0, 73));
  Configure("{\"auth\": {\"policies\": {\"member\": {\"indexes\": {\"*\": {}}}}, \"keys\": [" +
            first.out.substr(first.out.find('{')) + "]}}");
  EXPECT_EQ(Run({"config", "print"}).code, 0);
}

constexpr const char* kShop =
    "CREATE TABLE users (id int PRIMARY KEY, name text);"
    "CREATE TABLE projects (id int PRIMARY KEY, name text, owner_id int REFERENCES users);"
    "CREATE TABLE hashtags (id int PRIMARY KEY, name text);"
    "CREATE TABLE project_hashtags (project_id int REFERENCES projects, "
    "hashtag_id int REFERENCES hashtags)";

TEST_F(Cli, ConfigInitWritesWhatConfigCheckAccepts) {
  PgSandbox database;
  database.Exec(std::string("SET search_path = public; ") + kShop);
  const Outcome init = RunOn(database, {"config", "init"});
  ASSERT_EQ(init.code, 0) << init.err;
  EXPECT_THAT(init.out,
              HasSubstr(R"("owner": {"table": "public.users", "on": {"owner_id": "id"}})"));
  EXPECT_THAT(init.out, HasSubstr(R"("hashtags": {"table": "public.hashtags", "through": )"
                                  R"([{"table": "public.project_hashtags", "on": )"
                                  R"({"id": "project_id"}}], "on": {"hashtag_id": "id"}})"));
  // Many-to-many from one side; the other side is a comment.
  EXPECT_THAT(init.out, HasSubstr(R"(// "projects": {"table": "public.projects", "through")"));
  EXPECT_THAT(init.out, HasSubstr(R"(// "columns": ["id", "name", "owner_id"],)"));
  Configure(init.out);
  const Outcome check = Run({"config", "check"}, {{"PGSLUICE_DATABASE_URL", database.url()},
                                                  {"PGSLUICE_ELASTICSEARCH_URL", "http://e:1"}});
  EXPECT_EQ(check.code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("projects: from public.projects by id, 7 fields, with owner, "
                                   "hashtags[]\n"));
  EXPECT_THAT(check.out, EndsWith("pgsluice.json: ok\n"));
}

TEST_F(Cli, ConfigInitLeavesOutWhatLooksSecret) {
  PgSandbox database;
  database.Exec(
      "CREATE SCHEMA app; CREATE TABLE app.account (id int PRIMARY KEY, mail text, "
      "password_hash text, api_key text, author text, tokens text);"
      "CREATE TABLE app.note (id int PRIMARY KEY, account_id int REFERENCES app.account)");
  const Outcome init = RunOn(database, {"config", "init"});
  ASSERT_EQ(init.code, 0) << init.err;
  EXPECT_THAT(init.out, HasSubstr(R"("exclude": ["password_hash", "api_key", "tokens"])"));
  EXPECT_THAT(init.out, HasSubstr(R"("table": "app.note")"));
  Configure(init.out);
  const Outcome check = Run({"config", "check"}, {{"PGSLUICE_DATABASE_URL", database.url()},
                                                  {"PGSLUICE_ELASTICSEARCH_URL", "http://e:1"}});
  EXPECT_EQ(check.code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("account: from app.account by id, 3 fields\n"));
}

TEST_F(Cli, ConfigCheckComparesWithTheCatalog) {
  PgSandbox database;
  database.Exec(std::string("SET search_path = public; ") + kShop);
  Configure(R"({"indexes": {"projects": {"table": "public.projcts"}}})");
  const Outcome check = RunOn(database, {"config", "check"});
  EXPECT_EQ(check.code, 78);
  EXPECT_THAT(check.err, HasSubstr("projcts"));
  EXPECT_THAT(check.err, HasSubstr("did you mean"));
}

TEST_F(Cli, DatabaseTroubleSaysWhatAndWhere) {
  const Outcome refused = Run({"config", "init", "--database-url", "postgresql://a@127.0.0.1:1/x"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("pgsluice: error: "));
  EXPECT_THAT(refused.err, HasSubstr("127.0.0.1"));
  const Outcome absent =
      Run({"config", "init"}, {{"PGSLUICE_DATABASE_URL", PgSandbox::UrlOf("no_such_database")}});
  EXPECT_EQ(absent.code, 1);
  EXPECT_THAT(absent.err, HasSubstr("no_such_database"));
}

}  // namespace
}  // namespace pgsluice::testing
