#include "pgsluice/json/value.h"
#include "support/cli_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Commands that need only the database.
class CliDatabase : public CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    database_.Exec(
        "CREATE TABLE public.users (id int PRIMARY KEY, name text);"
        "CREATE TABLE public.projects (id int PRIMARY KEY, name text)");
  }
  Outcome Do(const std::vector<std::string>& arguments) {
    return Run(arguments, {{"PGSLUICE_DATABASE_URL", database_.url()},
                           {"PGSLUICE_LISTEN", "127.0.0.1:2"},
                           {"PGSLUICE_ADMIN_LISTEN", "127.0.0.1:1"}});
  }
  /// Returns the pending events after a row was inserted into a table.
  std::string EventsOfInsert(const std::string& table) {
    database_.Exec("DELETE FROM pgsluice.outbox; INSERT INTO " + table + " VALUES (1)");
    return database_.Text("SELECT count(*) FROM pgsluice.outbox");
  }

  PgSandbox database_;
};

TEST_F(CliDatabase, MigrateUpIsIdempotentAndAttaches) {
  const Outcome first = Do({"migrate", "up"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("public.projects: attached\n"));
  EXPECT_EQ(EventsOfInsert("public.projects"), "1");
  const Outcome second = Do({"migrate"});
  EXPECT_EQ(second.code, 0);
  EXPECT_THAT(second.err, HasSubstr("up to date"));
  const Outcome status = Do({"migrate", "status", "--json"});
  const json::Value states = json::Parse(status.out);
  ASSERT_FALSE(states.items.empty());
  for (const json::Value& state : states.items) EXPECT_TRUE(state.Find("applied_at")->IsString());
}

TEST_F(CliDatabase, MigrateDownNeedsYesAndLeavesNothing) {
  ASSERT_EQ(Do({"migrate"}).code, 0);
  EXPECT_EQ(Do({"migrate", "down"}).code, 2);
  EXPECT_EQ(database_.Text("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgsluice'"), "1");
  EXPECT_EQ(Do({"migrate", "down", "--yes"}).code, 0);
  EXPECT_EQ(database_.Text("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgsluice'"), "0");
  EXPECT_EQ(database_.Text("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"), "0");
}

TEST_F(CliDatabase, AttachAndDetachNamedTables) {
  ASSERT_EQ(Do({"migrate", "--no-attach"}).code, 0);
  EXPECT_EQ(EventsOfInsert("public.projects"), "0");
  const Outcome print = Do({"attach", "projects", "--print"});
  EXPECT_EQ(print.code, 0) << print.err;
  EXPECT_THAT(print.out, HasSubstr("CREATE TRIGGER"));
  database_.Exec("DELETE FROM public.projects");
  database_.Exec(print.out);
  EXPECT_EQ(EventsOfInsert("public.projects"), "1");
  EXPECT_EQ(EventsOfInsert("public.users"), "0");
  EXPECT_EQ(Do({"detach", "public.projects"}).code, 0);
  database_.Exec("DELETE FROM public.projects");
  EXPECT_EQ(EventsOfInsert("public.projects"), "0");
}

TEST_F(CliDatabase, AttachNamesTheNearestTable) {
  ASSERT_EQ(Do({"migrate"}).code, 0);
  const Outcome outcome = Do({"attach", "public.projcts"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "pgsluice: error: there is no table public.projcts\n"
            "  hint: did you mean public.projects?\n");
}

TEST_F(CliDatabase, AnIndexThatDoesNotFitTheCatalogConcernsItsTableOnly) {
  Configure(R"({"indexes": {"projects": {"columns": ["id", "nmae"]}, "users": {}}})");
  const Outcome migrate = Do({"migrate", "up"});
  EXPECT_EQ(migrate.code, 0);
  EXPECT_THAT(migrate.err, HasSubstr("nmae"));
  EXPECT_THAT(migrate.err, HasSubstr("public.users: attached"));
  EXPECT_EQ(EventsOfInsert("public.users"), "1");
  const Outcome attach = Do({"attach"});
  EXPECT_EQ(attach.code, 78);
  EXPECT_THAT(attach.err, HasSubstr("nmae"));
}

TEST_F(CliDatabase, NotMigratedNamesTheCommand) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"attach"}, {"status"}, {"wait"}, {"dead-letters", "list"}}) {
    const Outcome outcome = Do(command);
    EXPECT_EQ(outcome.code, 1) << command[0];
    EXPECT_THAT(outcome.err, HasSubstr("pgsluice migrate up")) << command[0];
  }
}

TEST_F(CliDatabase, StatusWithoutAServiceComesFromTheDatabase) {
  ASSERT_EQ(Do({"migrate"}).code, 0);
  database_.Exec("INSERT INTO public.users VALUES (1), (2)");
  const json::Value status = json::Parse(Do({"status", "--json"}).out);
  EXPECT_EQ(status.Find("phase")->text, "stopped");
  EXPECT_EQ(status.Find("pending")->AsInt(), 2);
  EXPECT_EQ(status.Find("dead_letters")->AsInt(), 0);
  EXPECT_TRUE(status.Find({"tables", "public.users", "attached"})->boolean);
  EXPECT_THAT(Do({"status"}).out, HasSubstr("2 pending"));
}

TEST_F(CliDatabase, WaitEndsWithExitCode4WhenNoProcessSyncs) {
  ASSERT_EQ(Do({"migrate"}).code, 0);
  const Outcome outcome = Do({"wait", "--timeout", "100ms"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.err, HasSubstr("not created yet, or to be filled again: projects, users"));
  EXPECT_THAT(outcome.err, HasSubstr("start 'pgsluice run'"));
  EXPECT_EQ(Do({"wait", "--after", "soon"}).code, 2);
  EXPECT_EQ(Do({"wait", "--timeout", "soon"}).code, 2);
}

TEST_F(CliDatabase, DeadLetters) {
  ASSERT_EQ(Do({"migrate"}).code, 0);
  EXPECT_EQ(Do({"dead-letters", "list", "--json"}).out, "[]\n");
  database_.Exec(
      "INSERT INTO pgsluice.dead_letter (index_name, document_id, key, error, status)"
      " VALUES ('users', '7', '[7]', 'failed to \"parse\"', 400)");
  const json::Value letters = json::Parse(Do({"dead-letters", "list", "--json"}).out);
  ASSERT_EQ(letters.items.size(), 1U);
  EXPECT_EQ(letters.items[0].Find("error")->text, "failed to \"parse\"");
  EXPECT_EQ(letters.items[0].Find("document_id")->text, "7");
  EXPECT_TRUE(letters.items[0].Find("key")->IsArray());
  EXPECT_EQ(Do({"dead-letters", "retry"}).code, 2);
  EXPECT_EQ(Do({"dead-letters", "discard", "x"}).code, 2);
  EXPECT_EQ(Do({"dead-letters", "discard", "1"}).out, "1 discarded\n");
  EXPECT_EQ(Do({"dead-letters", "list"}).out, "");
}

TEST_F(CliDatabase, HealthWithoutAServiceFails) {
  const Outcome outcome = Do({"health"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("nothing answers at 127.0.0.1:1"));
}

TEST_F(CliDatabase, MissingPrivilegesNameTheGrant) {
  ASSERT_EQ(Do({"migrate", "--no-attach"}).code, 0);
  const std::string database = database_.Text("SELECT current_database()");
  const std::string role = "cli_" + database;
  database_.Exec("CREATE ROLE " + role +
                 " LOGIN PASSWORD 'x'; GRANT SELECT ON public.users, public.projects TO " + role +
                 "; GRANT ALL ON SCHEMA pgsluice TO " + role +
                 "; GRANT ALL ON ALL TABLES IN SCHEMA pgsluice TO " + role +
                 "; GRANT ALL ON ALL FUNCTIONS IN SCHEMA pgsluice TO " + role +
                 "; GRANT ALL ON ALL SEQUENCES IN SCHEMA pgsluice TO " + role);
  const std::string url = database_.url();
  const auto user = url.find("://") + 3;
  const auto at = url.find('@');
  const auto host = at == std::string::npos ? user : at + 1;
  const std::string low = url.substr(0, user) + role + ":x@" + url.substr(host);
  const Outcome outcome = Run({"attach"}, {{"PGSLUICE_DATABASE_URL", low}});
  database_.Exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("permission denied for table projects\n"));
  EXPECT_THAT(outcome.err, HasSubstr("GRANT TRIGGER ON public.projects TO"));
}

TEST_F(CliDatabase, PasswordsAreNeverPrinted) {
  const Outcome outcome =
      Run({"migrate"}, {{"PGSLUICE_DATABASE_URL", "postgresql://nobody:s3cr3t@127.0.0.1:1/x"}});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, Not(HasSubstr("s3cr3t")));
}

}  // namespace
}  // namespace pgsluice::testing
