// Mistakes of users: each error says what is wrong, where, and what to do, has the right exit code,
// and leaves nothing half done.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "support/cli_fixture.h"
#include "support/engine_sandbox.h"
#include "support/fault_proxy.h"
#include "support/own_postgres.h"
#include "support/paths.h"

namespace pgsluice::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Listens on a port, as another program would.
class Occupied {
 public:
  Occupied() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    // Like Poco's servers, so that only a program that needs the port alone is refused.
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd_, generic, size) != 0 || listen(fd_, 1) != 0) throw std::runtime_error("no port");
    getsockname(fd_, generic, &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Occupied() { close(fd_); }
  Occupied(const Occupied&) = delete;
  Occupied& operator=(const Occupied&) = delete;
  const std::string& address() const { return address_; }

 private:
  int fd_;
  std::string address_;
};

class CliBadInput : public CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    database_.Exec("CREATE TABLE public.users (id int PRIMARY KEY, name text)");
    database_.Exec("CREATE TABLE public.projects (id int PRIMARY KEY, name text)");
  }

  std::map<std::string, std::string> Environment(const std::string& database,
                                                 const std::string& engine) {
    return {{"PGSLUICE_DATABASE_URL", database},
            {"PGSLUICE_ELASTICSEARCH_URL", engine},
            {"PGSLUICE_LISTEN", "127.0.0.1:0"},
            {"PGSLUICE_ADMIN_LISTEN", "127.0.0.1:0"}};
  }
  /// Runs `pgsluice run`, by default on the test's database and engine. The run is expected to fail
  /// by itself.
  Outcome RunService(std::map<std::string, std::string> changes = {}) {
    changes.merge(Environment(database_.url(), engine_.url()));
    return Run({"run"}, changes);
  }
  /// Runs it until it logs `line`, for a mistake that does not end it. Returns its log.
  std::string LogUntil(const std::string& line, std::map<std::string, std::string> changes = {}) {
    changes.merge(Environment(database_.url(), engine_.url()));
    Process service({testing::Binary(), "run"}, {.environment = changes, .directory = directory_});
    EXPECT_TRUE(service.WaitForLine(line, std::chrono::seconds(60))) << service.err();
    service.Signal(SIGTERM);
    EXPECT_EQ(service.Wait(), 0);
    return service.err();
  }
  void ConfigurePrefix() {
    Configure(R"({"elasticsearch": {"index_prefix": ")" + engine_.prefix() + R"("}})");
  }
  void Migrate() {
    const Outcome outcome = RunOn(database_, {"migrate"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    ConfigurePrefix();
  }
  std::string OurIndexes() {
    return engine_.Get("/_cat/indices/" + engine_.prefix() + "*-000*?h=index");
  }
  /// Returns a URL of the database for a role without any privilege.
  std::string UrlAs(const std::string& role) {
    const std::string& url = database_.url();
    const auto user = url.find("://") + 3;
    const auto at = url.find('@');
    return url.substr(0, user) + role + ":x" + url.substr(at == std::string::npos ? user : at);
  }

  PgSandbox database_;
  EngineSandbox engine_;
};

TEST_F(CliBadInput, UrlsOfTheWrongKindAreExitCode78) {
  const Outcome database = RunService({{"PGSLUICE_DATABASE_URL", "http://foo/x"}});
  EXPECT_EQ(database.code, 78);
  EXPECT_THAT(database.err, HasSubstr("PGSLUICE_DATABASE_URL: must be postgresql://user@host"));
  const Outcome engine = RunService({{"PGSLUICE_ELASTICSEARCH_URL", "ftp://x"}});
  EXPECT_EQ(engine.code, 78);
  EXPECT_THAT(engine.err, HasSubstr("PGSLUICE_ELASTICSEARCH_URL: must be a URL as in http://"));
}

TEST_F(CliBadInput, ADatabaseOrRoleThatDoesNotExistEndsTheService) {
  const std::string absent = PgSandbox::UrlOf("no_such_database");
  const Outcome database = RunService({{"PGSLUICE_DATABASE_URL", absent}});
  EXPECT_EQ(database.code, 1);
  EXPECT_THAT(database.err, HasSubstr("\"no_such_database\" does not exist\n  hint: check"));
  const Outcome role = RunService({{"PGSLUICE_DATABASE_URL", UrlAs("no_such_role")}});
  EXPECT_EQ(role.code, 1);
  EXPECT_THAT(role.err, AllOf(HasSubstr("no_such_role"), HasSubstr("  hint: check")));
}

TEST_F(CliBadInput, AWrongPasswordEndsTheServiceAndIsNotPrinted) {
  OwnPostgres server;
  server.Exec("CREATE ROLE app LOGIN PASSWORD 'right'");
  server.Exec(
      "COPY (SELECT unnest(ARRAY['host all app 127.0.0.1/32 scram-sha-256', "
      "'host all all 127.0.0.1/32 trust'])) TO PROGRAM 'cat > pg_hba.conf'");
  server.Exec("SELECT pg_reload_conf()");
  const std::string port = std::to_string(server.port());
  const std::string wrong = "postgresql://app:wr0ng@127.0.0.1:" + port + "/postgres";
  Outcome outcome{};
  do {  // The server reads the file a moment later.
    outcome = Run({"config", "init"}, Environment(wrong, engine_.url()));
  } while (outcome.code == 0);
  for (const std::string command : {"run", "migrate"}) {
    outcome = Run({command}, Environment(wrong, engine_.url()));
    EXPECT_EQ(outcome.code, 1) << command << outcome.err;
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("127.0.0.1:" + port + "/postgres as app"),
                      HasSubstr("password authentication failed"),
                      HasSubstr("hint: check user and password"), Not(HasSubstr("wr0ng"))));
  }
}

TEST_F(CliBadInput, ARefusedConnectionEndsACommandAndSaysWhere) {
  const Outcome outcome =
      Run({"config", "init"}, Environment("postgresql://a@127.0.0.1:1/x", engine_.url()));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot connect to PostgreSQL at 127.0.0.1:1/x as a: "));
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("refused"), Not(HasSubstr("\t"))));
}

TEST_F(CliBadInput, NotMigratedNamesTheCommandAndWhatIsNotAttachedIsAttached) {
  const Outcome empty = RunService();
  EXPECT_EQ(empty.code, 1);
  EXPECT_THAT(empty.err, HasSubstr("is not migrated\n  hint: run 'pgsluice migrate up'\n"));
  ASSERT_EQ(RunOn(database_, {"migrate", "--no-attach"}).code, 0);
  ConfigurePrefix();
  EXPECT_THAT(LogUntil("running"), AllOf(HasSubstr("public.projects"), HasSubstr("public.users")));
  EXPECT_EQ(database_.Text("SELECT count(*) FROM pgsluice.source WHERE is_current"), "2");
}

TEST_F(CliBadInput, MissingPrivilegesNameTheRoleAndTheGrant) {
  const std::string role = "cli_" + database_.Text("SELECT current_database()");
  database_.Exec("CREATE ROLE " + role + " LOGIN PASSWORD 'x'");
  const auto environment = Environment(UrlAs(role), engine_.url());
  const Outcome migrate = Run({"migrate"}, environment);
  Migrate();
  const Outcome unreadable = Run({"config", "check"}, environment);
  const Outcome run = Run({"run"}, environment);
  database_.Exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
  EXPECT_EQ(migrate.code, 1);
  EXPECT_THAT(migrate.err, AllOf(HasSubstr("GRANT CREATE ON DATABASE"), HasSubstr(role)));
  EXPECT_EQ(unreadable.code, 78);
  EXPECT_THAT(unreadable.err, HasSubstr("no permission to read public.users"));
  EXPECT_THAT(unreadable.err, HasSubstr("GRANT SELECT ON public.users TO " + role + ";"));
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("permission denied"), HasSubstr("TO " + role)));
  EXPECT_EQ(OurIndexes(), "");
}

TEST_F(CliBadInput, ARoleFromWhomRowLevelSecurityHidesRowsIsRefused) {
  const std::string role = "cli_" + database_.Text("SELECT current_database()");
  Migrate();
  database_.Exec("CREATE ROLE " + role + " LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA pgsluice TO " +
                 role + "; GRANT ALL ON ALL TABLES IN SCHEMA pgsluice, public TO " + role +
                 "; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgsluice TO " + role);
  database_.Exec("ALTER TABLE public.users ENABLE ROW LEVEL SECURITY");
  const auto environment = Environment(UrlAs(role), engine_.url());
  const Outcome check = Run({"config", "check"}, environment);
  const std::string run = LogUntil("index is broken", environment);
  database_.Exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
  EXPECT_EQ(check.code, 78);
  for (const std::string& text : {check.err, run}) {
    EXPECT_THAT(text, HasSubstr("row-level security of public.users hides rows"));
    EXPECT_THAT(text, HasSubstr("BYPASSRLS"));
  }
  EXPECT_THAT(OurIndexes(), Not(HasSubstr("users")));
}

TEST_F(CliBadInput, ATableThatDoesNotExistIsNamedWithTheNearestName) {
  Migrate();
  Configure(R"({"indexes": {"a": {"table": "user"}, "b": {"table": "public.projcts"}}})");
  const std::string log = LogUntil("running");
  EXPECT_THAT(log, HasSubstr("indexes.a.table: there is no table user"));
  EXPECT_THAT(log, HasSubstr("did you mean users?"));
  EXPECT_THAT(log, HasSubstr("did you mean public.projects?"));
}

TEST_F(CliBadInput, MistakesInTheFileAreReportedAtOnceBeforeAnythingIsTouched) {
  Configure(R"({"listn": "x", "sync": {"workers": "two"}, "indexes": {"A": {}, "a*b": {}, "_c": {},
                "c": {"table": 5}}})");
  const Outcome outcome = RunService({{"PGSLUICE_DATABASE_URL", "postgresql://a@127.0.0.1:1/x"}});
  EXPECT_EQ(outcome.code, 78);
  EXPECT_THAT(outcome.err, HasSubstr("unknown key \"listn\"; did you mean \"listen\"?"));
  EXPECT_THAT(outcome.err, HasSubstr("sync.workers: must be a whole number, not a string"));
  EXPECT_THAT(outcome.err, HasSubstr("indexes.A: an index name must be in lower case"));
  EXPECT_THAT(outcome.err, HasSubstr("indexes.a*b: an index name must not contain"));
  EXPECT_THAT(outcome.err, HasSubstr("indexes._c: an index name must not start with"));
  EXPECT_THAT(outcome.err, HasSubstr("indexes.c.table: must be a string, not a number"));
}

TEST_F(CliBadInput, PortsInUseNameTheAddressAndTheOption) {
  Migrate();
  const Occupied other;
  const Outcome api = RunService({{"PGSLUICE_LISTEN", other.address()}});
  EXPECT_EQ(api.code, 1);
  EXPECT_THAT(api.err, HasSubstr("cannot listen on " + other.address() +
                                 ": the address is in use\n  hint: stop what uses it, or"));
  const Outcome admin = RunService({{"PGSLUICE_ADMIN_LISTEN", other.address()}});
  EXPECT_EQ(admin.code, 1);
  EXPECT_THAT(admin.err, AllOf(HasSubstr(other.address()), HasSubstr("--admin-listen")));
  EXPECT_EQ(OurIndexes(), "");
  const Outcome same = RunService(
      {{"PGSLUICE_LISTEN", "127.0.0.1:18999"}, {"PGSLUICE_ADMIN_LISTEN", "127.0.0.1:18999"}});
  EXPECT_EQ(same.code, 78);
  EXPECT_THAT(same.err, HasSubstr("listen and admin_listen are the same"));
}

TEST_F(CliBadInput, AnIndexOrAliasOfSomebodyElseConcernsThatIndexOnly) {
  Migrate();
  const std::string users = engine_.Name("users");
  engine_.engine().CreateIndex(users, "{}");
  const std::string index = LogUntil("index is broken");
  EXPECT_THAT(index, HasSubstr("has an index named '" + users + "' that pgsluice did not make"));
  EXPECT_THAT(index, HasSubstr("elasticsearch.index_prefix"));
  engine_.engine().DeleteIndex(users);
  engine_.engine().CreateIndex(engine_.Name("other"), R"({"aliases":{")" + users + R"(":{}}})");
  EXPECT_THAT(LogUntil("index is broken"),
              HasSubstr("'" + users + "' points to index '" + engine_.Name("other")));
  EXPECT_THAT(OurIndexes(), AllOf(HasSubstr("projects"), Not(HasSubstr("users"))));
  EXPECT_EQ(database_.Text("SELECT string_agg(index_name, ' ') FROM pgsluice.index_state"),
            "projects");
}

TEST_F(CliBadInput, AnEngineThatRefusesUsEndsTheService) {
  Migrate();
  for (const int status : {401, 403}) {
    FaultProxy proxy(engine_.host(), engine_.port());
    proxy.AnswerStatus("/", 1000, status,
                       R"({"error":{"type":"security_exception","reason":"not you"}})");
    const Outcome outcome = RunService({{"PGSLUICE_ELASTICSEARCH_URL", proxy.url()}});
    EXPECT_EQ(outcome.code, 1) << status;
    EXPECT_THAT(outcome.err, HasSubstr(proxy.url())) << status;
    EXPECT_THAT(outcome.err, HasSubstr("status " + std::to_string(status) +
                                       ": security_exception: not you\n  hint: "));
  }
}

TEST_F(CliBadInput, SomethingElseBehindTheEnginesUrlIsNamed) {
  Migrate();
  for (const auto& [status, page] : std::vector<std::pair<int, std::string>>{
           {200, "<html>hello</html>"}, {200, R"({"ok":true})"}, {404, "no such page"}}) {
    FaultProxy proxy(engine_.host(), engine_.port());
    proxy.AnswerStatus("/", 1000, status, page);
    const Outcome outcome = RunService({{"PGSLUICE_ELASTICSEARCH_URL", proxy.url()}});
    EXPECT_EQ(outcome.code, 1) << page;
    EXPECT_THAT(outcome.err, HasSubstr("search engine at " + proxy.url()));
    EXPECT_THAT(outcome.err, HasSubstr("neither Elasticsearch nor OpenSearch"));
    EXPECT_THAT(outcome.err, HasSubstr("  hint: check elasticsearch.urls"));
  }
}

}  // namespace
}  // namespace pgsluice::testing
