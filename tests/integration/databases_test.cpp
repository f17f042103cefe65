// Several databases in one process: each is synced and searched, and a trouble does not spread.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"
#include "support/engine_sandbox.h"
#include "support/own_postgres.h"
#include "support/paths.h"
#include "support/pg_sandbox.h"
#include "support/process.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::PgSandbox;
using testing::Process;

/// Two databases, `shop` and `crm`, a configuration that names both, and the binary.
class SeveralDatabases : public ::testing::Test {
 protected:
  SeveralDatabases() {
    for (PgSandbox* database : {&shop_, &crm_}) {
      database->Exec("CREATE TABLE item (id int PRIMARY KEY, name text)");
    }
    shop_.Exec("INSERT INTO item VALUES (1, 'boots'), (2, 'hats')");
    crm_.Exec("INSERT INTO item VALUES (1, 'letters')");
    Configure(R"("databases": {"shop": {"url": ")" + shop_.url() + R"("}, "crm": {"url": ")" +
              crm_.url() + R"("}})");
  }

  void Configure(const std::string& members) {
    std::ofstream(file_) << "{" << members << R"(, "elasticsearch": {"urls": [")" << engine_.url()
                         << R"("], "index_prefix": ")" << engine_.prefix() << R"("}, "listen": ")"
                         << listen_ << R"(", "admin_listen": ")" << admin_ << R"("})";
  }

  Outcome Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", file_});
    return testing::RunPgsluice(arguments);
  }

  void Serve() {
    service_ = std::make_unique<Process>(
        std::vector<std::string>{testing::Binary(), "run", "--config", file_}, Process::Options{});
    ASSERT_TRUE(service_->WaitForLine("running", std::chrono::seconds(60)));
  }

  http::Response Ask(const std::string& address, const std::string& path) {
    http::ClientOptions options;
    options.urls = {"http://" + address};
    return http::MakeClient(options)->Send({.path = path});
  }
  std::string Admin(const std::string& path) { return Ask(admin_, path).body; }
  std::string Api(const std::string& path) { return Ask(listen_, path).body; }
  std::string Strong(const std::string& index, const std::string& q) {
    return Api("/v1/" + index + "/search?consistency=strong&wait=30s&q=" + q);
  }

  /// Until `path` of the admin port contains `text`.
  void Await(const std::string& path, const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::string last;
    while ((last = Admin(path)).find(text) == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << text << " is not in " << last;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  /// Until the status has `text` at `path`.
  void AwaitStatus(std::initializer_list<std::string_view> path, const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (true) {
      const std::string status = Admin("/status");
      const json::Value parsed = json::Parse(status);
      const json::Value* value = parsed.Find(path);
      if (value != nullptr && value->text == text) return;
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << status;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  void AwaitReady() { Await("/readyz", R"("ready")"); }

  PgSandbox shop_, crm_;
  testing::EngineSandbox engine_;
  const std::string file_ = ::testing::TempDir() + engine_.prefix() + "databases.json";
  const std::string listen_ = "127.0.0.1:" + std::to_string(testing::FreePort());
  const std::string admin_ = "127.0.0.1:" + std::to_string(testing::FreePort());
  std::unique_ptr<Process> service_;
};

TEST_F(SeveralDatabases, AreSyncedAndSearchedInOneProcess) {
  const Outcome migrated = Run({"migrate", "up"});
  ASSERT_EQ(migrated.code, 0) << migrated.err;
  Serve();
  AwaitReady();
  EXPECT_THAT(Strong("shop.item", "boots"), HasSubstr(R"("id":"1")"));
  EXPECT_THAT(Strong("crm.item", "letters"), HasSubstr(R"("id":"1")"));
  EXPECT_THAT(Strong("crm.item", "boots"), HasSubstr(R"("hits":[])"));
  // A token belongs to the index's database, unless it names another one.
  shop_.Exec("INSERT INTO item VALUES (3, 'gloves')");
  const std::string token = shop_.Text("SELECT pgsluice.position()");
  const std::string search = "/v1/shop.item/search?wait=30s&q=gloves&after=";
  EXPECT_THAT(Api(search + token), HasSubstr(R"("id":"3")"));
  EXPECT_THAT(Api(search + "shop:" + token), HasSubstr(R"("id":"3")"));
  EXPECT_THAT(Api(search + "shpo:1"), HasSubstr("did you mean 'shop'?"));
  EXPECT_THAT(Api("/v1/sync/wait?after=" + token), HasSubstr("NAME:NUMBER"));
  const std::string waited = Api("/v1/sync/wait?wait=30s&after=shop:" + token);
  EXPECT_THAT(waited, HasSubstr(R"("position":"shop:)"));
  EXPECT_THAT(waited, HasSubstr(",crm:"));
  EXPECT_EQ(Ask(listen_, "/v1/sync/wait?wait=30s").status, 200);

  AwaitStatus({"phase"}, "live");
  AwaitStatus({"databases", "shop", "phase"}, "live");
  AwaitStatus({"indexes", "crm.item", "database"}, "crm");
  const json::Value status = json::Parse(Admin("/status"));
  EXPECT_NE(status.Find({"tables", "shop.public.item"}), nullptr);
  const std::string metrics = Admin("/metrics");
  EXPECT_THAT(metrics, HasSubstr(R"(pgsluice_outbox_pending{database="crm"} 0)"));
  EXPECT_THAT(metrics, HasSubstr(R"(pgsluice_index_state{database="shop",index="shop.item",)"));

  // A killed backfill continues where it was, in both databases.
  service_->Signal(SIGKILL);
  service_->Wait();
  for (PgSandbox* database : {&shop_, &crm_}) {
    database->Exec("INSERT INTO item VALUES (9, 'umbrellas')");
  }
  Serve();
  AwaitReady();
  EXPECT_THAT(Strong("shop.item", "umbrellas"), HasSubstr(R"("id":"9")"));
  EXPECT_THAT(Strong("crm.item", "umbrellas"), HasSubstr(R"("id":"9")"));
  service_->Signal(SIGTERM);
  EXPECT_EQ(service_->Wait(), 0);
}

TEST_F(SeveralDatabases, CommandsWorkInAllOfThemOrInOne) {
  ASSERT_EQ(Run({"migrate", "up", "--database", "shop"}).code, 0);
  const Outcome half = Run({"status", "--json"});
  EXPECT_EQ(half.code, 0) << half.err;
  EXPECT_THAT(half.out, HasSubstr("is not migrated"));
  ASSERT_EQ(Run({"migrate", "up"}).code, 0);
  const Outcome states = Run({"migrate", "status", "--json"});
  EXPECT_THAT(states.out, HasSubstr(R"({"database":"crm","number":1,)"));
  Serve();
  AwaitReady();
  const Outcome waited = Run({"wait", "--timeout", "60s"});
  EXPECT_EQ(waited.code, 0) << waited.err;
  const std::string token = crm_.Text("SELECT pgsluice.position()");
  EXPECT_EQ(Run({"wait", "--timeout", "60s", "--after", "crm:" + token}).code, 0);
  EXPECT_EQ(Run({"wait", "--after", token}).code, 2);
  EXPECT_EQ(Run({"wait", "--timeout", "60s", "--after", token, "--database", "crm"}).code, 0);
  const Outcome verified = Run({"verify", "--json"});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr(R"({"index":"shop.item","compared":2,"differences":0})"));
  EXPECT_THAT(verified.out, HasSubstr(R"({"index":"crm.item","compared":1,"differences":0})"));
  EXPECT_THAT(Run({"verify", "crm.item", "--json"}).out, Not(HasSubstr("shop.item")));
  EXPECT_EQ(Run({"verify", "crm.itme"}).code, 1);
  EXPECT_EQ(Run({"status", "--database", "cmr"}).code, 2);
  const Outcome one = Run({"status", "--json", "--database", "crm"});
  EXPECT_THAT(one.out, HasSubstr("crm.item"));
  EXPECT_THAT(one.out, Not(HasSubstr("shop.item")));
  EXPECT_THAT(Run({"config", "diff", "--json"}).out,
              HasSubstr(R"("shop.item":{"change":"nothing")"));
  EXPECT_EQ(Run({"dead-letters", "list", "--json"}).out, "[]\n");
  EXPECT_EQ(Run({"dead-letters", "retry", "7"}).code, 2);
  EXPECT_EQ(Run({"config", "check"}).code, 0);
  EXPECT_THAT(Run({"config", "init"}).out, HasSubstr(R"("database": "shop",)"));
}

TEST_F(SeveralDatabases, TroubleStaysInItsDatabase) {
  ASSERT_EQ(Run({"migrate", "up", "--database", "shop"}).code, 0);
  Serve();
  // Not migrated.
  Await("/readyz",
        "database crm: database " + crm_.Text("SELECT current_database()") + " is not migrated");
  AwaitStatus({"indexes", "shop.item", "state"}, "live");
  EXPECT_THAT(Strong("shop.item", "boots"), HasSubstr(R"("id":"1")"));
  EXPECT_EQ(Ask(listen_, "/v1/crm.item/search").status, 503);
  ASSERT_EQ(Run({"migrate", "up"}).code, 0);
  AwaitReady();
  EXPECT_THAT(Strong("crm.item", "letters"), HasSubstr(R"("id":"1")"));
  // Down: no session is allowed. Searches find its documents as they were last.
  const std::string name = crm_.Text("SELECT current_database()");
  shop_.Exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false");
  shop_.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name +
             "'");
  Await("/readyz", "database crm: ");
  EXPECT_THAT(Admin("/readyz"), Not(HasSubstr("database shop")));
  AwaitStatus({"indexes", "crm.item", "state"}, "blocked");
  AwaitStatus({"indexes", "shop.item", "state"}, "live");
  EXPECT_THAT(Admin("/metrics"),
              HasSubstr(R"(pgsluice_trouble{database="crm",part="database"} 1)"));
  shop_.Exec("INSERT INTO item VALUES (4, 'scarfs')");
  EXPECT_THAT(Strong("shop.item", "scarfs"), HasSubstr(R"("id":"4")"));
  EXPECT_THAT(Api("/v1/crm.item/search?q=letters"), HasSubstr(R"("id":"1")"));
  EXPECT_EQ(Ask(listen_, "/v1/crm.item/search?consistency=strong").status, 503);
  shop_.Exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true");
  AwaitReady();
  // Dropped.
  shop_.Exec("DROP DATABASE " + name + " WITH (FORCE)");
  Await("/readyz", "does not exist");
  AwaitStatus({"indexes", "crm.item", "state"}, "blocked");
  shop_.Exec("INSERT INTO item VALUES (5, 'socks')");
  EXPECT_THAT(Strong("shop.item", "socks"), HasSubstr(R"("id":"5")"));
}

TEST_F(SeveralDatabases, OfAServerAreFoundWhenTheyAreMade) {
  testing::OwnPostgres server;
  server.Exec("CREATE DATABASE first");
  PgSandbox second(server.UrlOf("postgres"));
  second.Exec("CREATE TABLE item (id int PRIMARY KEY, name text)");
  second.Exec("INSERT INTO item VALUES (1, 'late')");
  const std::string name = second.Text("SELECT current_database()");
  Configure(R"("database": {"url": ")" + server.UrlOf("postgres") + R"(", "all": true})");
  const Outcome migrated = Run({"migrate", "up"});
  EXPECT_EQ(migrated.code, 0) << migrated.err;
  EXPECT_THAT(migrated.err, HasSubstr("database " + name));
  EXPECT_THAT(migrated.err, Not(HasSubstr("database first")));  // Nothing to index.
  Serve();
  AwaitReady();
  EXPECT_THAT(Strong(name + ".item", "late"), HasSubstr(R"("id":"1")"));
  PgSandbox third(server.UrlOf("postgres"));
  third.Migrate();
  third.Exec("CREATE TABLE item (id int PRIMARY KEY, name text)");
  third.Exec("INSERT INTO item VALUES (1, 'later')");
  const std::string other = third.Text("SELECT current_database()");
  Await("/status", "\"" + other + ".item\"");
  AwaitReady();
  EXPECT_THAT(Strong(other + ".item", "later"), HasSubstr(R"("id":"1")"));
}

}  // namespace
}  // namespace pgsluice
