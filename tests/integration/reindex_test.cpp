// `pgsluice reindex`: the next index is built while both receive changes, compared, and swapped.

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <random>

#include "pgsluice/json/value.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "support/command_fixture.h"

namespace pgsluice {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Reindex : public testing::CommandTest {
 protected:
  void StartItems(int rows) {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
    Exec("INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, " +
         std::to_string(rows) + ") n");
    Start();
    Settle();
  }
  void ExpectItems() { ExpectIndex("item", "SELECT id::text, to_json(item) FROM item"); }
  std::string State(const std::string& column) {
    return db_.Text("SELECT coalesce(" + column + "::text, '') FROM pgsluice.index_state");
  }
  std::vector<std::string> InPlace() { return engine_->AliasTargets(Alias("item")); }
  std::string Physical(int number) { return Alias("item") + "-00000" + std::to_string(number); }
  /// Begins a slow reindex, and waits until some rows are in the next index.
  std::unique_ptr<testing::Process> BeginSlowly(std::int64_t rows) {
    Exec("UPDATE pgsluice.index_state SET backfill_rate = 200");
    auto command = Begin({"reindex", "item"});
    Await([&] { return sync::ProgressOf(db_.session(), Physical(2)).done >= rows; });
    return command;
  }
  void FullSpeed() {
    Exec("UPDATE pgsluice.index_state SET backfill_rate = NULL, backfill_next = NULL");
  }
  /// Puts the index with these settings into the configuration of this process and of commands.
  void WithSettings(const std::string& settings, const std::string& routing = {}) {
    config::Index index;
    index.name = index.table = "item";
    index.settings = json::Parse(settings);
    index.routing = routing;
    config_.all_tables = false;
    config_.indexes = {index};
    more_config_ = R"(, "indexes": {"item": {"table": "item", "settings": )" + settings +
                   (routing.empty() ? "" : R"(, "routing": ")" + routing + '"') + "}}";
  }
  /// Applies a changed configuration.
  void Restart(const std::string& settings, const std::string& routing = {}) {
    process_.reset();
    WithSettings(settings, routing);
    process_ = std::make_unique<testing::SyncProcess>(config_);
    process_->Start();
  }
  std::string Setting(const std::string& name) {
    const http::Response response = engine_->Send({.path = "/" + Alias("item") + "/_settings"});
    const json::Value answer = json::Parse(response.body);
    const json::Value* value = answer.members.at(0).second.Find({"settings", "index", name});
    return value == nullptr ? "" : value->text;
  }
  std::string Metric(const std::string& name) {
    const std::string all = process_->registry().Text();
    const std::string line = "\n" + name + R"({index="item"} )";
    const std::size_t at = all.find(line);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + line.size();
    return all.substr(begin, all.find('\n', begin) - begin);
  }
  void Put(const std::string& index, const std::string& id) {
    const http::Response response = engine_->Send({.method = "PUT",
                                                   .path = "/" + index + "/_doc/" + id,
                                                   .body = R"({"id":1,"__id":")" + id + R"("})"});
    ASSERT_LT(response.status, 300) << response.body;
  }
};

TEST_F(Reindex, UnderWritersAndSearchesNothingFailsAndNothingIsLost) {
  StartItems(20000);
  testing::SyncProcess other(config_);
  other.Start();
  std::atomic<bool> over{false};
  std::jthread writer([&] {
    pg::Session session(db_.options());
    std::minstd_rand random(7);
    while (!over) {
      const std::string id = std::to_string(1000 + random() % 25000);
      session.Exec("UPDATE public.item SET n = n + 1 WHERE id = " + id);
      session.Exec("DELETE FROM public.item WHERE id = " + id + " AND n % 3 = 0");
      session.Exec("INSERT INTO public.item VALUES (" + id +
                   ", 'again', 1) ON CONFLICT DO NOTHING");
    }
  });
  std::atomic<int> searches{0};
  std::jthread searcher([&] {
    engine::Engine engine(engine::MakeTransport(config_.elasticsearch));
    while (!over) {
      const http::Response response =
          engine.Send({.method = "POST",
                       .path = "/" + Alias("item") + "/_search",
                       .body = R"({"size":0,"track_total_hits":true,)"
                               R"("query":{"range":{"id":{"lt":1000}}}})"});
      ASSERT_EQ(response.status, 200) << response.body;
      const json::Value answer = json::Parse(response.body);
      ASSERT_EQ(answer.Find({"_shards", "failed"})->text, "0");
      ASSERT_EQ(answer.Find({"hits", "total", "value"})->text, "999");
      ++searches;
    }
  });
  const std::string before = State("physical");
  const testing::Outcome outcome = Run({"reindex", "item"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string now = State("physical");
  EXPECT_NE(now, before);
  EXPECT_EQ(outcome.out, "item: searches use " + now + " now\n");
  EXPECT_THAT(InPlace(), ElementsAre(now));
  Await([&] { return !engine_->IndexExists(before); });
  over = true;
  writer.join();
  searcher.join();
  EXPECT_GT(searches, 10);
  ExpectItems();
  EXPECT_EQ(State("state"), "live");
  Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.retired") == "0"; });
  EXPECT_TRUE(engine_->AliasTargets(sync::BuildingAlias(now)).empty());
  EXPECT_EQ(process_->trouble("engine") + process_->trouble("sync"), "");
}

TEST_F(Reindex, KilledHalfWayTheNextProcessFinishesIt) {
  StartItems(2000);
  process_.reset();
  auto command = BeginSlowly(300);
  command->Signal(SIGKILL);
  command->Wait();
  Exec("UPDATE item SET n = -n WHERE id % 3 = 0; DELETE FROM item WHERE id % 7 = 0");
  FullSpeed();
  command = Begin({"sync"});
  Await([&] { return State("physical") == Physical(2); });
  EXPECT_THAT(InPlace(), ElementsAre(Physical(2)));
  ExpectItems();
}

TEST_F(Reindex, KilledBetweenSwapAndItsRecordIsTakenOver) {
  StartItems(500);
  const auto command = BeginSlowly(50);
  Put(Physical(2), "99999");  // So that it is refused.
  FullSpeed();
  EXPECT_EQ(command->Wait(), 1) << command->err();
  ASSERT_EQ(engine_->Send({.method = "DELETE", .path = "/" + Physical(2) + "/_doc/99999"}).status,
            200);
  process_.reset();
  engine_->SwapAlias(Alias("item"), {Physical(1)}, Physical(2));
  Exec("UPDATE item SET n = n + 1");
  process_ = std::make_unique<testing::SyncProcess>(config_);
  process_->Start();
  EXPECT_EQ(State("physical"), Physical(2));
  EXPECT_EQ(State("building"), "");
  ExpectItems();
  Await([&] { return !engine_->IndexExists(Physical(1)); });
}

TEST_F(Reindex, AbortedNothingIsLeftOfIt) {
  StartItems(2000);
  const auto command = BeginSlowly(100);
  EXPECT_EQ(State("state"), "reindexing");
  const testing::Outcome outcome = Run({"reindex", "item", "--abort"});
  EXPECT_EQ(outcome.out, "item: aborted; the present index stays\n") << outcome.err;
  EXPECT_EQ(command->Wait(), 1);
  EXPECT_THAT(command->err(), HasSubstr("was aborted meanwhile"));
  Exec("UPDATE item SET n = 5");
  Await([&] { return !engine_->IndexExists(Physical(2)); });
  EXPECT_THAT(InPlace(), ElementsAre(Physical(1)));
  ExpectItems();
  EXPECT_EQ(State("state"), "live");
  EXPECT_EQ(Run({"reindex", "item", "--abort"}).out, "item: no reindex is running\n");
}

TEST_F(Reindex, RefusesToSwapWhenCountsDiffer) {
  StartItems(600);
  const auto command = BeginSlowly(50);
  Put(Physical(2), "99999");
  FullSpeed();
  EXPECT_EQ(command->Wait(), 1);
  EXPECT_THAT(command->err(), HasSubstr("has 601 documents, but PostgreSQL has 600"));
  EXPECT_THAT(InPlace(), ElementsAre(Physical(1)));
  EXPECT_EQ(State("state"), "reindex_needed");
  Exec("UPDATE item SET n = 5 WHERE id < 100");
  ExpectItems();
  EXPECT_EQ(engine_->Count(Physical(2)), 601);  // Kept current meanwhile.
  // The fault was corrected, so the same index is compared again.
  ASSERT_EQ(engine_->Send({.method = "DELETE", .path = "/" + Physical(2) + "/_doc/99999"}).status,
            200);
  const testing::Outcome again = Run({"reindex", "item", "--keep-old", "--json"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out, "{\"index\":\"item\",\"result\":\"done\"}\n");
  EXPECT_THAT(InPlace(), ElementsAre(Physical(2)));
  ExpectItems();
  Await([&] { return db_.Text("SELECT count(*) FROM pgsluice.retired") == "0"; });
  EXPECT_TRUE(engine_->IndexExists(Physical(1)));
}

TEST_F(Reindex, RefusesToSwapWhenContentDiffers) {
  StartItems(600);
  const auto command = BeginSlowly(50);
  Put(Physical(2), "1");
  FullSpeed();
  EXPECT_EQ(command->Wait(), 1);
  EXPECT_THAT(command->err(), HasSubstr("1 of 600 documents compared differ"));
  EXPECT_THAT(command->err(), HasSubstr(" 1 (stale)"));
  EXPECT_THAT(InPlace(), ElementsAre(Physical(1)));
  ExpectItems();
}

TEST_F(Reindex, AnIncompatibleTypeIsReportedAndCured) {
  StartItems(300);
  Exec("ALTER TABLE item ALTER n TYPE text USING 'text ' || n");
  Await([&] { return State("state") == "reindex_needed"; });
  EXPECT_THAT(State("reason"), HasSubstr("pgsluice reindex item"));
  EXPECT_THAT(Run({"status", "--json"}).out, HasSubstr("pgsluice reindex item"));
  Await([&] { return Metric("pgsluice_reindex_needed") == "1"; });
  const testing::Outcome outcome = Run({"reindex", "item"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(State("state"), "live");
  ExpectItems();
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
  const json::Value mapping = engine_->GetMapping(Alias("item"));
  EXPECT_EQ(mapping.Find({"properties", "n", "type"})->text, "text");
}

TEST_F(Reindex, AnIncompatibleTypeIsCuredByItself) {
  config_.sync.reindex_on_incompatible_change = true;
  StartItems(300);
  Exec("ALTER TABLE item ALTER n TYPE text USING 'text ' || n");
  Await([&] { return State("physical") == Physical(2); });
  EXPECT_EQ(State("state"), "live");
  EXPECT_THAT(InPlace(), ElementsAre(Physical(2)));
  ExpectItems();
  EXPECT_EQ(engine_->GetMapping(Alias("item")).Find({"properties", "n", "type"})->text, "text");
  Await([&] { return Metric("pgsluice_reindex_needed") == "0"; });
}

TEST_F(Reindex, AbortedItBeginsByItselfOnlyAfterAnotherChange) {
  config_.sync.reindex_on_incompatible_change = true;
  StartItems(1500);
  Exec("UPDATE pgsluice.index_state SET backfill_rate = 200");
  Exec("ALTER TABLE item ALTER n TYPE text USING 'text ' || n");
  Await([&] { return !State("building_uuid").empty(); });
  EXPECT_EQ(Run({"reindex", "item", "--abort"}).out, "item: aborted; the present index stays\n");
  FullSpeed();
  process_->service().RequestCheck();
  ExpectItems();
  Await([&] { return State("state") == "reindex_needed"; });
  EXPECT_EQ(State("building"), "");
  EXPECT_THAT(State("refused"), HasSubstr("the reindex was aborted; the mapping no longer fits"));
  Exec("ALTER TABLE item ADD COLUMN more int DEFAULT 3");
  Await([&] { return State("physical") != Physical(1); });
  EXPECT_EQ(State("state"), "live");
  ExpectItems();
}

TEST_F(Reindex, ChangedSettingsAreAppliedOrReported) {
  WithSettings(R"({"max_result_window": 20000})");
  StartItems(300);
  EXPECT_EQ(Setting("max_result_window"), "20000");
  Restart(R"({"index": {"max_result_window": 30000, "refresh_interval": "7s"}})");
  EXPECT_EQ(Setting("max_result_window"), "30000");
  EXPECT_EQ(Setting("refresh_interval"), "7s");
  Restart("{}");
  EXPECT_EQ(Setting("max_result_window"), "");
  EXPECT_EQ(Setting("refresh_interval"), config_.sync.refresh_interval);
  EXPECT_EQ(State("state"), "live");
  // The engine cannot change this in an existing index.
  Restart(R"({"number_of_shards": 2})");
  EXPECT_EQ(State("state"), "reindex_needed");
  EXPECT_THAT(State("reason"),
              AllOf(HasSubstr("the settings no longer fit"), HasSubstr("number_of_shards"),
                    HasSubstr("pgsluice reindex item")));
  Await([&] { return Metric("pgsluice_reindex_needed") == "1"; });
  EXPECT_THAT(Run({"status", "--json"}).out, HasSubstr("number_of_shards"));
  const testing::Outcome outcome = Run({"reindex", "item"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(Setting("number_of_shards"), "2");
  EXPECT_EQ(State("state") + State("reason"), "live");
  Await([&] { return Metric("pgsluice_reindex_needed") == "0"; });
  ExpectItems();
}

TEST_F(Reindex, ARoutingThatChangedNeedsOne) {
  WithSettings(R"({"number_of_shards": 2})", "n");
  StartItems(300);
  process_.reset();
  WithSettings(R"({"number_of_shards": 2})", "name");
  EXPECT_EQ(Run({"attach"}).code, 0);
  config_.sync.reindex_on_incompatible_change = true;
  Restart(R"({"number_of_shards": 2})", "name");
  Await([&] { return State("physical") == Physical(2); });
  ExpectItems();
  EXPECT_EQ(engine_->Count(Alias("item")), 300);
  EXPECT_EQ(State("state"), "live");
  EXPECT_EQ(Run({"verify", "item"}).code, 0);
}

// A pipeline that does not exist, because small builds of the engines have no processor to test
// with.
TEST_F(Reindex, AnotherPipelineReachesEveryDocument) {
  const std::string pipeline = prefix_ + "missing";
  const auto refused = [&] {
    return db_.Text("SELECT count(*) FROM pgsluice.dead_letter WHERE error LIKE '%" + pipeline +
                    "%'");
  };
  StartItems(300);
  process_.reset();
  WithSettings("{}");
  config_.indexes[0].pipeline = pipeline;
  process_ = std::make_unique<testing::SyncProcess>(config_);
  process_->Start();
  Settle();
  EXPECT_EQ(refused(), "300");
  const auto send = [&](const char* method, const std::string& body) {
    const http::Response response =
        engine_->Send({.method = method, .path = "/_ingest/pipeline/" + pipeline, .body = body});
    EXPECT_EQ(response.status, 200) << response.body;
  };
  send("PUT", R"({"processors": []})");
  Exec("UPDATE item SET name = name");
  ExpectItems();
  EXPECT_EQ(refused(), "0");
  process_.reset();
  send("DELETE", "");
}

TEST_F(Reindex, AStartSaysWhatTheConfigurationNeeds) {
  StartItems(10);
  process_.reset();
  const auto says = [&](const std::string& settings, const std::string& what) {
    WithSettings(settings);
    const auto command = Begin({"sync"});
    EXPECT_TRUE(command->WaitForLine(what, std::chrono::seconds(30))) << what;
    command->Signal(SIGTERM);
    EXPECT_EQ(command->Wait(), 0);
  };
  says("{}", "index needs nothing");
  says(R"({"max_result_window": 20000})", "index needs an addition to mapping or settings");
  says(R"({"number_of_shards": 2})", "index needs a reindex");
  says(R"({"number_of_shards": 2})", "index needs a reindex");
  says("{}", "index needs an addition to mapping or settings");
  EXPECT_EQ(State("state"), "live");
}

TEST_F(Reindex, WhateverHappensMeanwhileReachesBoth) {
  Exec("CREATE TABLE item (id int, name text, n int, PRIMARY KEY (id, n)) PARTITION BY LIST (n)");
  Exec("CREATE TABLE item_0 PARTITION OF item FOR VALUES IN (0)");
  Exec("CREATE TABLE item_1 PARTITION OF item FOR VALUES IN (1)");
  Exec(
      "CREATE TABLE item_2 (LIKE item); INSERT INTO item_2 SELECT n, 'two', 2 "
      "FROM generate_series(1, 500) n");
  Exec("INSERT INTO item SELECT n, 'item', n % 2 FROM generate_series(1, 3000) n");
  WithSettings("{}");
  Start();
  Settle();
  const std::string oracle = "SELECT id || '|' || n, to_json(item) FROM item";
  const auto command = BeginSlowly(300);
  Exec("TRUNCATE item_0");
  Exec("ALTER TABLE item ATTACH PARTITION item_2 FOR VALUES IN (2)");
  Exec("ALTER TABLE item DETACH PARTITION item_1");
  Exec("ALTER TABLE item ADD COLUMN more int DEFAULT 3");
  Await([&] { return State("relations").size() > 10; });
  FullSpeed();
  EXPECT_EQ(command->Wait(), 0) << command->err();
  EXPECT_THAT(InPlace(), ElementsAre(Physical(2)));
  ExpectIndex("item", oracle);
}

TEST_F(Reindex, TheNextIndexDeletedByHandIsCreatedAgain) {
  StartItems(1500);
  const auto command = BeginSlowly(100);
  engine_->DeleteIndex(Physical(2));
  FullSpeed();
  EXPECT_EQ(command->Wait(), 0) << command->err();
  ExpectItems();
  EXPECT_THAT(InPlace(), ElementsAre(Physical(2)));
}

}  // namespace
}  // namespace pgsluice
