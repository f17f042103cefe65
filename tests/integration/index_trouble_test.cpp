// One of two indexes cannot work: the other one starts, syncs and serves. The broken one reports
// what is wrong, serves what it has, and recovers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A service with indexes `good` (of table good) and `bad`.
class TroubleTest : public testing::SyncTest {
 protected:
  void SetUp() override {
    Exec(
        "CREATE TABLE good (id int PRIMARY KEY, name text); INSERT INTO good VALUES (1, 'one');"
        "CREATE TABLE bad (id int PRIMARY KEY, name text); INSERT INTO bad VALUES (1, 'one');"
        "CREATE TABLE part (id int PRIMARY KEY, bad_id int, name text);"
        "INSERT INTO part VALUES (1, 1, 'first')");
    file_ = ::testing::TempDir() + prefix_ + "trouble.json";
    admin_ = "127.0.0.1:" + std::to_string(testing::FreePort());
    listen_ = "127.0.0.1:" + std::to_string(testing::FreePort());
    db_.Migrate();
  }

  /// `bad`: the definition of that index.
  void Define(const std::string& bad) {
    const std::string indexes =
        R"({"good": {"table": "good"}, "bad": {"table": "bad")" + bad + "}}";
    ConfigureIndexes(R"({"indexes": )" + indexes + "}");
    std::ofstream(file_) << R"({"elasticsearch": {"index_prefix": ")" << prefix_
                         << R"("}, "indexes": )" << indexes << "}";
  }

  std::vector<std::string> Command(std::vector<std::string> words) const {
    words.insert(words.end(), {"--config", file_, "--database-url", db_.url(),
                               "--elasticsearch-url", config_.elasticsearch.urls[0]});
    return words;
  }
  void Run() {
    service_ = std::make_unique<testing::Process>(
        Command({testing::Binary(), "run", "--listen", listen_, "--admin-listen", admin_}),
        testing::Process::Options{});
    ASSERT_TRUE(service_->WaitForLine("running", std::chrono::seconds(60))) << service_->err();
  }
  void Stop() {
    service_->Signal(SIGTERM);
    ASSERT_EQ(service_->Wait(), 0) << service_->err();
  }
  testing::Outcome Ask(std::vector<std::string> words) const {
    return testing::RunPgsluice(Command(std::move(words)));
  }

  static http::Response Get(const std::string& address, const std::string& path) {
    http::ClientOptions options;
    options.urls = {"http://" + address};
    return http::MakeClient(options)->Send({.path = path});
  }
  http::Response Search(const std::string& index, const std::string& rest = "") const {
    return Get(listen_, "/v1/" + index + "/search?q=" + rest);
  }

  template <typename Condition>
  void Await(const char* what, const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline)
          << what << "\n"
          << Get(admin_, "/readyz").body << Get(admin_, "/status").body;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  void AwaitReady() {
    Await("ready", [&] { return Get(admin_, "/readyz").status == 200; });
  }
  void AwaitFound(const std::string& index, const std::string& word) {
    Await(("found " + word).c_str(),
          [&] { return Search(index, word).body.find(R"("id":"1")") != std::string::npos; });
  }

  std::string StateOf(const std::string& index) const {
    return json::Parse(Get(admin_, "/status").body).Find({"indexes", index, "state"})->text;
  }

  /// Checks everything that reports the broken index.
  void ExpectBroken(const std::string& reason, const std::string& remedy) {
    Await("broken", [&] {
      return Get(admin_, "/readyz").body.find("index bad is broken") != std::string::npos;
    });
    const http::Response ready = Get(admin_, "/readyz");
    EXPECT_EQ(ready.status, 503);
    EXPECT_THAT(json::Parse(ready.body).Find("reason")->text,
                AllOf(HasSubstr(reason), HasSubstr(remedy), Not(HasSubstr("good"))));
    const json::Value status = json::Parse(Get(admin_, "/status").body);
    EXPECT_EQ(status.Find({"indexes", "bad", "state"})->text, "broken");
    EXPECT_THAT(status.Find({"indexes", "bad", "reason"})->text, HasSubstr(reason));
    EXPECT_THAT(status.Find({"indexes", "bad", "remedy"})->text, HasSubstr(remedy));
    Await("the good one live", [&] { return StateOf("good") == "live"; });
    Await("metric", [&] {
      const std::string metrics = Get(admin_, "/metrics").body;
      return metrics.find("pgsluice_index_state{index=\"bad\",state=\"broken\"} 1") !=
                 std::string::npos &&
             metrics.find("pgsluice_index_state{index=\"bad\",state=\"live\"} 1") ==
                 std::string::npos;
    });
    EXPECT_TRUE(service_->WaitForLine("index is broken", std::chrono::seconds(20)));
    const testing::Outcome text = Ask({"status"});
    EXPECT_THAT(text.out, AllOf(HasSubstr("bad"), HasSubstr("broken"), HasSubstr(reason)));
    EXPECT_THAT(text.out, Not(HasSubstr("Start the search engine")));
  }

  /// Checks that the other index follows its table.
  void ExpectGoodFollows(const std::string& word) {
    Exec("UPDATE good SET name = '" + word + "'");
    AwaitFound("good", word);
    EXPECT_THAT(Search("good").body, HasSubstr(R"("partial":false)"));
  }

  std::string file_, admin_, listen_;
  std::unique_ptr<testing::Process> service_;
};

struct Misfit {
  const char* name;
  const char* definition;  ///< More members of the index.
  const char* happens;
  const char* undone;
  const char* reason;
  const char* remedy;
};

void PrintTo(const Misfit& misfit, std::ostream* out) { *out << misfit.name; }

class MisfitTest : public TroubleTest, public ::testing::WithParamInterface<Misfit> {};

TEST_P(MisfitTest, ConcernsItsIndexOnlyAndRecovers) {
  const Misfit& misfit = GetParam();
  Define(misfit.definition);
  Run();
  AwaitReady();
  AwaitFound("bad", "one");
  Exec(misfit.happens);
  ExpectBroken(misfit.reason, misfit.remedy);
  ExpectGoodFollows("two");
  EXPECT_THAT(Search("bad", "one").body,
              AllOf(HasSubstr(R"("id":"1")"), HasSubstr(R"("partial":true)"),
                    HasSubstr(R"("reason":"broken")")));
  // The same after a restart.
  Stop();
  Run();
  ExpectBroken(misfit.reason, misfit.remedy);
  ExpectGoodFollows("three");
  EXPECT_THAT(Search("bad", "one").body,
              AllOf(HasSubstr(R"("id":"1")"), HasSubstr(R"("partial":true)")));
  EXPECT_EQ(Get(listen_, "/v1/bad/docs/1").status, 200);
  // It is correct once the tables fit again.
  Exec(misfit.undone);
  Exec("INSERT INTO bad (id, name) VALUES (7, 'seven'); DELETE FROM bad WHERE id = 1");
  AwaitReady();
  EXPECT_TRUE(service_->WaitForLine("index is no longer broken", std::chrono::seconds(20)));
  Settle();
  EXPECT_EQ(Documents("bad").size(), 1U);
  EXPECT_THAT(Document("bad", "7"), HasSubstr("seven"));
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.index_trouble"), "0");
}

constexpr const char* kEmbed = R"(, "embed": {"parts": {"table": "part", "on": {"id": "bad_id"}}})";

INSTANTIATE_TEST_SUITE_P(
    All, MisfitTest,
    ::testing::Values(
        Misfit{"RenamedColumn", R"(, "columns": ["id", "name"])",
               "ALTER TABLE bad RENAME name TO title", "ALTER TABLE bad RENAME title TO name",
               "name", "its columns are"},
        Misfit{"DroppedColumn", R"(, "columns": ["id", "name"])", "ALTER TABLE bad DROP name",
               "ALTER TABLE bad ADD name text", "name", "undo the change"},
        Misfit{"DroppedTable", "", "DROP TABLE bad",
               "CREATE TABLE bad (id int PRIMARY KEY, name text)", "there is no table bad", ""},
        Misfit{"RenamedTable", "", "ALTER TABLE bad RENAME TO bads",
               "ALTER TABLE bads RENAME TO bad", "there is no table bad", "did you mean"},
        Misfit{"DroppedEmbeddedTable", kEmbed, "DROP TABLE part",
               "CREATE TABLE part (id int PRIMARY KEY, bad_id int, name text)",
               "there is no table part", ""},
        Misfit{"DroppedJoinColumn", kEmbed, "ALTER TABLE part DROP bad_id",
               "ALTER TABLE part ADD bad_id int", "bad_id", ""}),
    [](const auto& test) { return test.param.name; });

struct Refusal {
  const char* name;
  const char* definition;
  const char* reason;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class RefusalTest : public TroubleTest, public ::testing::WithParamInterface<Refusal> {};

TEST_P(RefusalTest, ConcernsItsIndexOnlyAndNamesTheCause) {
  const Refusal& refusal = GetParam();
  Define(refusal.definition);
  const testing::Outcome check = Ask({"config", "check"});
  EXPECT_EQ(check.code, 78) << check.out;
  EXPECT_THAT(check.err, AllOf(HasSubstr("indexes.bad"), HasSubstr(refusal.reason)));
  Run();
  ExpectBroken(refusal.reason, "config check");
  AwaitFound("good", "one");
  ExpectGoodFollows("two");
  const http::Response search = Search("bad");
  EXPECT_EQ(search.status, 503);
  EXPECT_THAT(search.body, AllOf(HasSubstr("index_not_ready"), HasSubstr("broken")));
  EXPECT_EQ(Search("neither").status, 404);
  Stop();
  // It is created once its definition works.
  Define("");
  EXPECT_EQ(Ask({"config", "check"}).code, 0);
  Run();
  AwaitReady();
  AwaitFound("bad", "one");
  // The attempts left nothing behind.
  EXPECT_TRUE(engine_->Uuids(prefix_ + "*-try*").empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusalTest,
    ::testing::Values(
        Refusal{"UnknownAnalyzer",
                R"(, "mapping": {"name": {"type": "text", "analyzer": "klingon"}})", "klingon"},
        Refusal{"UnknownType", R"(, "mapping": {"name": {"type": "hologram"}})", "hologram"},
        Refusal{"UnknownSetting", R"(, "settings": {"number_of_dwarfs": 7})", "number_of_dwarfs"}),
    [](const auto& test) { return test.param.name; });

// An existing index keeps its documents, and they follow the table.
TEST_F(TroubleTest, ADefinitionThatAnExistingIndexCannotGetIsNamedByItsCause) {
  Define("");
  Run();
  AwaitReady();
  AwaitFound("bad", "one");
  Stop();
  Define(R"(, "mapping": {"name": {"type": "text", "analyzer": "klingon"}})");
  Run();
  ExpectBroken("klingon", "config check");
  EXPECT_THAT(Search("bad", "one").body,
              AllOf(HasSubstr(R"("id":"1")"), HasSubstr(R"("reason":"broken")")));
  ExpectGoodFollows("two");
}

TEST_F(TroubleTest, AForeignIndexOfTheNameConcernsOneIndexAndItRecovers) {
  Define("");
  engine_->CreateIndex(prefix_ + "bad", "{}");
  Run();
  ExpectBroken("did not make", "index_prefix");
  ExpectGoodFollows("two");
  EXPECT_EQ(Search("bad").status, 503);  // Not the documents of another program.
  engine_->DeleteIndex(prefix_ + "bad");
  AwaitReady();
  AwaitFound("bad", "one");
}

TEST_F(TroubleTest, ABlockIsShownWithItsCauseUntilItIsRemoved) {
  Define("");
  Run();
  AwaitReady();
  AwaitFound("bad", "one");
  engine_->PutSettings(prefix_ + "bad", R"({"index.blocks.read_only_allow_delete":true})");
  Exec("UPDATE bad SET name = 'two'");
  Await("blocked", [&] {
    return Get(admin_, "/readyz").body.find("index bad is blocked") != std::string::npos;
  });
  Await("blocked in status", [&] { return StateOf("bad") == "blocked"; });
  const json::Value status = json::Parse(Get(admin_, "/status").body);
  EXPECT_THAT(status.Find({"indexes", "bad", "remedy"})->text, HasSubstr("free disk space"));
  EXPECT_EQ(Search("bad", "one").status, 200);
  engine_->PutSettings(prefix_ + "bad", R"({"index.blocks.read_only_allow_delete":null})");
  AwaitReady();
  AwaitFound("bad", "two");
}

TEST_F(TroubleTest, WhatAppearedWhileTheServiceWasDownIsAttachedAtStart) {
  Exec(
      "CREATE TABLE log (id int, day int, PRIMARY KEY (id, day)) PARTITION BY LIST (day);"
      "CREATE TABLE log1 PARTITION OF log FOR VALUES IN (1)");
  Define(R"(}, "log": {"table": "log")");
  Run();
  AwaitReady();
  Stop();
  Exec(
      "CREATE TABLE log2 PARTITION OF log FOR VALUES IN (2); INSERT INTO log VALUES (1, 2);"
      "CREATE TABLE next (LIKE bad INCLUDING ALL); INSERT INTO next VALUES (5, 'five');"
      "ALTER TABLE bad RENAME TO previous; ALTER TABLE next RENAME TO bad");
  Run();
  AwaitReady();
  Exec("INSERT INTO log VALUES (2, 2); INSERT INTO bad VALUES (6, 'six')");
  Settle();
  Await("partition", [&] { return Documents("log").size() == 2; });
  EXPECT_THAT(Document("bad", "6"), HasSubstr("six"));
}

TEST_F(TroubleTest, ATableThatTheRoleMayNotAttachConcernsItsIndexOnly) {
  Define("");
  const std::string role = "trouble_" + db_.Text("SELECT current_database()");
  Exec("CREATE ROLE " + role + " LOGIN; GRANT USAGE ON SCHEMA pgsluice TO " + role +
       "; GRANT ALL ON ALL TABLES IN SCHEMA pgsluice TO " + role +
       "; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgsluice TO " + role +
       "; GRANT USAGE ON ALL SEQUENCES IN SCHEMA pgsluice TO " + role +
       "; GRANT SELECT ON good, bad TO " + role);
  ASSERT_EQ(Ask({"attach", "good"}).code, 0);
  const std::string url = db_.url();
  const auto user = url.find("://") + 3;
  const auto at = url.find('@');
  const std::string host = url.substr(at == std::string::npos ? user : at + 1);
  std::vector<std::string> command =
      Command({testing::Binary(), "run", "--listen", listen_, "--admin-listen", admin_});
  *std::find(command.begin(), command.end(), url) = url.substr(0, user) + role + "@" + host;
  service_ = std::make_unique<testing::Process>(command, testing::Process::Options{});
  ASSERT_TRUE(service_->WaitForLine("running", std::chrono::seconds(60))) << service_->err();
  ExpectBroken("not attached", "pgsluice attach");
  ExpectGoodFollows("two");
  ASSERT_EQ(Ask({"attach"}).code, 0);
  AwaitReady();
  AwaitFound("bad", "one");
  Stop();
  Exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

}  // namespace
}  // namespace pgsluice
