// Keys, policies and secrets of whole processes: what `config check` and the start find, which
// cursors processes share, and what reaches a terminal.

#include <chrono>
#include <fstream>

#include "pgsluice/base/error.h"
#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"
#include "pgsluice/pg/session.h"
#include "support/cli_fixture.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/sync_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AccessCheck : public CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    database_.Exec("CREATE TABLE public.projects (id int PRIMARY KEY, name text, tenant int)");
  }

  /// `config check` of a policy, and whether a service would start with it.
  Outcome CheckWith(const std::string& auth, const std::string& more = "") {
    Configure(R"({"indexes": {"projects": {)" + more + R"(}}, "auth": {)" + auth + "}}");
    return RunOn(database_, {"config", "check"});
  }

  PgSandbox database_;
};

TEST_F(AccessCheck, PoliciesAreCheckedBeforeTheFirstRequest) {
  const auto policy = [](const std::string& rule) {
    return R"("policies": {"p": {"indexes": {"projects": {)" + rule + "}}}}";
  };
  EXPECT_EQ(CheckWith(policy(R"("filter": "tenant = ${claims.tenant}")")).code, 0);
  for (const auto& [rule, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"("filter": "tenant =")", "a value was expected"},
           {R"("filter": "tenant = ${claim.tenant}")", "${claims.name}"},
           {R"("filter": "name = \"${claims.name}\"")", "is a text, not a claim"},
           {R"("filter": "tenent = ${claims.tenant}")", "did you mean 'tenant'?"},
           {R"("filter": "tenant = x")", "'x'"},
           {R"("hidden": ["nme"])", "no field \"nme\""}}) {
    const Outcome outcome = CheckWith(policy(rule));
    EXPECT_EQ(outcome.code, 78) << rule;
    EXPECT_THAT(outcome.err, HasSubstr(text)) << rule;
    EXPECT_THAT(outcome.err, HasSubstr("auth.policies.p.indexes.projects")) << rule;
  }
  EXPECT_THAT(CheckWith("", R"("search": {"default_sort": ["nam:desc"]})").err,
              HasSubstr("default_sort"));
  EXPECT_THAT(CheckWith("", R"("search": {"default_sort": ["name:down"]})").err,
              HasSubstr("is not an order"));
  EXPECT_THAT(CheckWith("", R"("search": {"facets": ["nam"]})").err, HasSubstr("facets"));
}

TEST_F(AccessCheck, RankingAndRulesAreCheckedAgainstTheFields) {
  for (const auto& [search, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"("ranking": [{"field": "tennant"}])", "ranking[0].field"},
           {R"("ranking": [{"field": "tennant"}])", "did you mean 'tenant'?"},
           {R"("ranking": [{"field": "name"}])", "'name' (text) is not a number"},
           {R"("ranking": [{"recency": "tenant", "half_life": "1d"}])", "is not a date or time"},
           {R"("ranking": [{"filter": "tenant ="}])", "ranking[0].filter"},
           {R"("ranking": [{"filter": "tennant = 1"}])", "did you mean 'tenant'?"},
           {R"("rules": [{"q": "&", "hide": ["1"]}])", "rules[0].q"},
           {R"("rules": [{"q": "a", "filter": "tennant = 1"}])", "rules[0].filter"},
           {R"x("rules": [{"q": "a", "boost": [{"filter": "name > ("}]}])x", "rules[0].boost[0]"},
           {R"x("default_sort": ["distance(name, 1, 2)"])x", "cannot be sorted by"},
           {R"x("default_sort": ["distance(nam, 1, 2)"])x", "did you mean \"name\"?"}}) {
    const Outcome outcome = CheckWith("", R"("search": {)" + std::string(search) + "}");
    EXPECT_EQ(outcome.code, 78) << search;
    EXPECT_THAT(outcome.err, HasSubstr(text)) << search;
  }
  const std::string right =
      R"("search": {"default_sort": ["_score:desc", "name"],
                    "ranking": [{"field": "tenant", "modifier": "sqrt"},
                                {"filter": "name = 'x'", "weight": 2}],
                    "rules": [{"q": "a", "pin": ["1"], "filter": "tenant = 1"}]})";
  EXPECT_EQ(CheckWith("", right).code, 0) << CheckWith("", right).err;
}

TEST_F(AccessCheck, FilesAndSecretsAreCheckedWithoutADatabase) {
  const std::string policies = R"("policies": {"p": {"indexes": {"*": {}}}})";
  for (const auto& [auth, text] : std::initializer_list<std::pair<std::string, const char*>>{
           {R"("jwt": {"algorithms": ["RS256"], "jwks_file": "/nowhere", "policy": "p"})",
            "cannot read /nowhere"},
           {R"("jwt": {"algorithms": ["HS256"], "secret": "short", "policy": "p"})", "32"},
           {R"("jwt": {"algorithms": ["RS256"], "policy": "p"})", "jwks_file or jwks_url"}}) {
    Configure(R"({"indexes": {"projects": {}}, "auth": {)" + auth + "," + policies + "}}");
    const Outcome outcome = Run({"run", "--database-url", "postgresql://127.0.0.1:1/x"});
    EXPECT_EQ(outcome.code, 78) << auth;
    EXPECT_THAT(outcome.err, HasSubstr(text)) << auth;
    EXPECT_THAT(outcome.err, Not(HasSubstr("short\""))) << auth;
  }
  Configure(R"({"tls": {"cert_file": "/nowhere", "key_file": "/nowhere"}})");
  EXPECT_EQ(Run({"run"}).code, 78);
}

TEST_F(AccessCheck, WarnsOfWhatIsNotSafe) {
  Configure(R"({"elasticsearch": {"urls": ["http://search.example:9200"], "username": "u",
                "password": "secretpw"}, "listen": "0.0.0.0:8080", "admin_listen": "0.0.0.0:8081",
                "auth": {"anonymous": "p", "policies": {"p": {"indexes": {"*": {}}}}}})");
  std::filesystem::permissions(directory_ + "/pgsluice.json", std::filesystem::perms(0644));
  const Outcome outcome = Run({"config", "print"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("plain HTTP"));
  EXPECT_THAT(outcome.err, HasSubstr("without TLS"));
  EXPECT_THAT(outcome.err, HasSubstr("admin port listens beyond"));
  EXPECT_THAT(outcome.err, HasSubstr("can be read by everybody"));
  EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("secretpw")));
}

TEST_F(AccessCheck, PasswordsNeverShow) {
  for (const char* password : {"se#cret", "se?cret", "se/cret", "se@cret", "1/se:cret?#@x"}) {
    const std::string url = std::string("postgresql://app:") + password + "@127.0.0.1:1/shop";
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"config", "print"}, {"config", "check"}, {"status"}, {"migrate", "status"}}) {
      const Outcome outcome = Run(command, {{"PGSLUICE_DATABASE_URL", url}});
      EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("cret"))) << url << command.front();
    }
  }
}

TEST_F(AccessCheck, ControlCharactersReachNoTerminal) {
  ASSERT_EQ(RunOn(database_, {"migrate", "up", "--no-attach"}).code, 0);
  database_.Exec(
      "INSERT INTO pgsluice.dead_letter (index_name, document_id, key, error, status) VALUES "
      "('projects', E'a\\x1b]0;owned\\x07', '[1]', E'type: \\x1b[2Jreason\\r', 400)");
  const Outcome list = RunOn(database_, {"dead-letters", "list"});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("a\\x1b]0;owned\\x07"));
  EXPECT_EQ(list.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(list.out.find('\r'), std::string::npos);
}

TEST_F(AccessCheck, TheInstallationKeyIsMadeOnceAndRotates) {
  ASSERT_EQ(RunOn(database_, {"migrate", "up", "--no-attach"}).code, 0);
  pg::Session session({.url = database_.url()});
  const auto keys = [&] {
    return std::string(session
                           .Exec("SELECT string_agg(encode(key, 'hex'), ',' ORDER BY id) FROM "
                                 "pgsluice.installation_key")
                           .Text(0, 0));
  };
  const std::string first = keys();
  EXPECT_EQ(first.size(), 64U);
  ASSERT_EQ(RunOn(database_, {"migrate", "up", "--no-attach"}).code, 0);
  EXPECT_EQ(keys(), first);
  session.Exec("SELECT pgsluice.rotate_key()");
  EXPECT_EQ(keys().substr(0, 65), first + ",");
  session.Exec("SELECT pgsluice.rotate_key()");
  EXPECT_EQ(keys().find(first), std::string::npos);
  EXPECT_EQ(keys().size(), 129U);
  session.Exec("SELECT pgsluice.rotate_key(false)");
  EXPECT_EQ(keys().size(), 64U);
  EXPECT_EQ(session
                .Exec("SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = "
                      "'pgsluice.installation_key'::regclass AND a.grantee <> c.relowner")
                .Int(0, 0),
            0);
}

class SharedCursors : public SyncTest {
 protected:
  std::unique_ptr<Process> Serve(const std::string& listen) {
    return std::make_unique<Process>(
        std::vector<std::string>{testing::Binary(), "serve", "--config", config_file_, "--listen",
                                 listen, "--admin-listen", "127.0.0.1:0", "--database-url",
                                 db_.url(), "--elasticsearch-url", config_.elasticsearch.urls[0]},
        Process::Options{});
  }
  static http::Response Get(const std::string& listen, const std::string& path) {
    http::ClientOptions options;
    options.urls = {"http://" + listen};
    try {
      return http::MakeClient(options)->Send({.path = path});
    } catch (const Error&) {
      return {};  // It does not listen yet.
    }
  }
  /// Returns the cursor after the first page of an API that is about to be ready.
  static std::string CursorOf(const std::string& listen) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      const http::Response answer = Get(listen, kSearch);
      if (answer.status != 200) continue;
      const json::Value body = json::Parse(answer.body);
      return body.Find({"page", "next_cursor"})->text;
    }
    return "";
  }

  static constexpr const char* kSearch = "/v1/item/search?per_page=1&sort=id";
  const std::string config_file_ = ::testing::TempDir() + prefix_ + "cursors.json";
};

TEST_F(SharedCursors, OfOneProcessWorkInAnotherAndCannotBeForged) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text)");
  Exec("INSERT INTO item SELECT i, 'n' FROM generate_series(1, 5) i");
  Start();
  Settle();
  std::ofstream(config_file_) << R"({"elasticsearch": {"index_prefix": ")" + prefix_ + R"("}})";
  const std::string one = "127.0.0.1:" + std::to_string(FreePort());
  const std::string two = "127.0.0.1:" + std::to_string(FreePort());
  const auto first = Serve(one);
  const auto second = Serve(two);
  const std::string cursor = CursorOf(one);
  ASSERT_NE(cursor, "");
  ASSERT_NE(CursorOf(two), "");
  const std::string path = std::string(kSearch) + "&cursor=";
  EXPECT_THAT(Get(two, path + cursor).body, HasSubstr(R"("id":"2")"));
  EXPECT_EQ(Get(two, path + "W10." + cursor.substr(cursor.find('.') + 1)).status, 400);
  Exec("SELECT pgsluice.rotate_key(false)");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (Get(two, path + cursor).status != 410) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  // A new key is looked up when a cursor names it.
  const std::string fresh = CursorOf(two);
  EXPECT_EQ(Get(two, path + fresh).status, 200);
}

}  // namespace
}  // namespace pgsluice::testing
