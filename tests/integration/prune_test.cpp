// Leftovers of indexes that are no longer configured are shown, listed and removed, and nothing
// else is.

#include <gmock/gmock.h>

#include <csignal>

#include "pgsluice/json/value.h"
#include "support/command_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Prune : public CommandTest {
 protected:
  /// Creates two indexes, then removes `gone` from the configuration.
  void SetUp() override {
    Exec(
        "CREATE TABLE stays (id int PRIMARY KEY); CREATE TABLE gone (id int PRIMARY KEY);"
        "INSERT INTO stays VALUES (1); INSERT INTO gone VALUES (1)");
    ConfigureIndexes(R"({"indexes": {"stays": {}, "gone": {}}})");
    Start();
    Settle();
    process_->Stop();
    process_.reset();
    Exec(
        "INSERT INTO pgsluice.dead_letter (index_name, document_id, key, error, status)"
        " VALUES ('gone', '7', '[7]', 'no', 400)");
    more_config_ = R"(, "indexes": {"stays": {}})";
  }
  std::string Indexes() {
    std::string names;
    for (const auto& [name, uuid] : engine_->Uuids(prefix_ + "*")) names += name + " ";
    return names;
  }
};

TEST_F(Prune, RemovesWhatIsLeftAndNothingElse) {
  const json::Value status = json::Parse(Run({"status", "--json"}).out);
  EXPECT_EQ(status.Find({"indexes", "gone", "state"})->text, "not_configured");
  EXPECT_THAT(status.Find({"indexes", "gone", "remedy"})->text, HasSubstr("pgsluice prune"));
  EXPECT_EQ(status.Find({"indexes", "stays", "state"})->text, "live");
  EXPECT_EQ(Run({"wait", "--timeout", "20s"}).code, 0);

  EXPECT_EQ(Run({"prune"}).code, 2);  // Not on a terminal.
  const Outcome dry = Run({"prune", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.out, AllOf(HasSubstr("index gone: " + prefix_ + "gone-000001, 1 dead letters"),
                             HasSubstr("triggers of public.gone"), Not(HasSubstr("stays"))));
  EXPECT_THAT(Indexes(), HasSubstr("gone"));

  const Outcome removed = Run({"prune", "--yes", "--json"});
  ASSERT_EQ(removed.code, 0) << removed.err;
  const json::Value json = json::Parse(removed.out);
  EXPECT_TRUE(json.Find("removed")->boolean);
  EXPECT_EQ(json.Find("indexes")->items.at(0).Find("index")->text, "gone");
  EXPECT_EQ(json.Find("tables")->items.at(0).text, "public.gone");
  EXPECT_EQ(Indexes(), prefix_ + "stays-000001 ");
  EXPECT_EQ(db_.Text("SELECT string_agg(index_name, ' ') FROM pgsluice.index_state"), "stays");
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'public.gone'::regclass"),
            "0");
  EXPECT_NE(db_.Text("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'public.stays'::regclass"),
            "0");
  EXPECT_THAT(Run({"prune", "--dry-run"}).out, HasSubstr("there is nothing to remove"));
}

TEST_F(Prune, LeavesWhatARunningProcessOfAnotherConfigurationMaintains) {
  more_config_ = R"(, "indexes": {"gone": {}})";
  const auto other = Begin({"sync"});
  ASSERT_TRUE(other->WaitForLine("running", std::chrono::seconds(60)));
  more_config_ = R"(, "indexes": {"stays": {}})";
  const Outcome dry = Run({"prune", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.out, AllOf(Not(HasSubstr("index gone")), Not(HasSubstr("public.gone"))));
  other->Signal(SIGTERM);
  EXPECT_EQ(other->Wait(), 0);
}

TEST_F(Prune, LeavesTriggersAloneWhileItIsNotKnownWhatAnIndexNeeds) {
  more_config_ = R"(, "indexes": {"stays": {}, "broken": {"table": "nowhere"}})";
  const Outcome dry = Run({"prune", "--dry-run"});
  EXPECT_THAT(dry.out, AllOf(HasSubstr("index gone"), Not(HasSubstr("triggers"))));
  EXPECT_THAT(dry.err, HasSubstr("broken"));
}

class Preview : public CommandTest {
 protected:
  void SetUp() override {
    Exec(
        "CREATE TABLE item (id int PRIMARY KEY, name text, big numeric);"
        "INSERT INTO item VALUES (1, 'one', 12345678901234567890.10), (2, 'two', 2)");
    more_config_ = R"(, "indexes": {"item": {"rename": {"name": "title"}, "where": "id < 10"}})";
  }
};

TEST_F(Preview, PrintsWhatWouldBeIndexedAndWritesNothing) {
  const Outcome one = Run({"preview", "item", "--id", "1"});
  EXPECT_EQ(one.out, R"({"id":"1","document":{"id":1,"title":"one","big":12345678901234567890.10}})"
                     "\n")
      << one.err;
  const json::Value all =
      json::Parse(Run({"preview", "item", "--limit", "5", "--show", "all", "--json"}).out);
  EXPECT_EQ(all.Find("documents")->items.size(), 2U);
  EXPECT_EQ(all.Find({"mapping", "properties", "title", "type"})->text, "text");
  EXPECT_THAT(all.Find({"sql", "documents"})->text, HasSubstr("SELECT"));
  EXPECT_TRUE(engine_->Uuids(prefix_ + "*").empty());
  EXPECT_EQ(db_.Text("SELECT to_regnamespace('pgsluice') IS NULL"), "t");
}

TEST_F(Preview, SaysWhatIsWrong) {
  for (const char* id : {"3", "zzz"}) {
    const Outcome none = Run({"preview", "item", "--id", id});
    EXPECT_EQ(none.code, 1) << id;
    EXPECT_THAT(none.err, HasSubstr("would have no document"));
  }
  EXPECT_EQ(Run({"preview"}).code, 2);
  EXPECT_EQ(Run({"preview", "item", "--show", "nothing"}).code, 2);
  EXPECT_EQ(Run({"preview", "item", "--limit", "0"}).code, 2);
  EXPECT_EQ(Run({"preview", "itm"}).code, 1);
}

}  // namespace
}  // namespace pgsluice::testing
