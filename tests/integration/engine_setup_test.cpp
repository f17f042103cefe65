// All answers of an engine when one index is created or changed: only that index is in trouble,
// with cause and remedy; it is tried again by itself, and nothing is left behind.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <functional>
#include <thread>

#include "http/address.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Row {
  int status;
  std::string body;
  std::string reason;  ///< A part of it.
  std::string remedy;  ///< A part of it.
};

Row Refusal(int status, const std::string& type, const std::string& reason,
            const std::string& remedy) {
  return {
      status,
      fmt::format(R"({{"error":{{"type":"{}","reason":"{}"}},"status":{}}})", type, reason, status),
      reason, remedy};
}

/// Answers to any request about one index.
std::vector<Row> Passing() {
  return {
      Refusal(403, "security_exception", "no permissions for [indices:admin]", "privileges"),
      {404, "default backend - 404", "default backend", "between pgsluice and the engine"},
      {405, R"({"error":"Incorrect HTTP method","status":405})", "405",
       "between pgsluice and the engine"},
      Refusal(409, "process_cluster_event_conflict", "try again", "engine's log"),
      Refusal(429, "circuit_breaking_exception", "[parent] Data too large", "heap"),
      Refusal(500, "null_pointer_exception", "oops", "engine's log"),
      Refusal(503, "process_cluster_event_timeout_exception", "within 30s", "engine's log"),
      {503, "<html>down</html>", "down", "engine's log"},
  };
}

std::vector<Row> Creating() {
  std::vector<Row> rows = Passing();
  rows.push_back(Refusal(403, "cluster_block_exception",
                         "blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];",
                         "remove the block"));
  rows.push_back(Refusal(400, "validation_exception",
                         "this action would add [2] shards, but this cluster currently has "
                         "[1000]/[1000] maximum normal shards open;",
                         "max_shards_per_node"));
  rows.push_back(Refusal(400, "illegal_argument_exception",
                         "Limit of total fields [1000] has been exceeded", "total_fields.limit"));
  rows.push_back(Refusal(400, "illegal_argument_exception",
                         "Limit of mapping depth [20] has been exceeded", "depth.limit"));
  return rows;
}

class EngineSetup : public testing::FaultTest {
 protected:
  void StartBoth() {
    Exec("CREATE TABLE other (id int PRIMARY KEY, n int); INSERT INTO other VALUES (1, 1)");
    StartWith(10);
  }
  static void Await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  /// The engine is checked only every few checks.
  void LookUntil(const std::function<bool()>& condition) {
    Await([&] {
      process_->service().RequestCheck();
      return condition();
    });
  }
  /// Waits until item is in trouble as `row` says, while other still follows its table.
  void ExpectTroubleOf(const Row& row) {
    Await([&] { return Trouble().reason.find(row.reason) != std::string::npos; });
    EXPECT_THAT(Trouble().remedy, HasSubstr(row.remedy));
    const std::string number = std::to_string(++number_);
    Exec("UPDATE other SET n = " + number);
    Await([&] { return Document("other", "1").find(R"("n":)" + number) != std::string::npos; });
    Exec("UPDATE item SET n = " + number + " WHERE id = 7");  // waits
  }
  sync::IndexTrouble Trouble() {
    const auto set = process_->service().registry().Current();
    EXPECT_FALSE(set->troubles.contains("other"));
    const auto found = set->troubles.find("item");
    return found == set->troubles.end() ? sync::IndexTrouble{} : found->second;
  }
  void ExpectBothRecovered() {
    proxy_.StopAnswering();
    process_->service().RequestCheck();
    Await([&] { return process_->service().registry().Current()->troubles.empty(); });
    ExpectRecovered();
    ExpectIndex("other", "SELECT id::text, to_json(other) FROM other");
    EXPECT_EQ(engine_->Uuids(prefix_ + "*").size(), 2U);
  }

  int number_ = 0;
};

TEST_F(EngineSetup, AnIndexThatCannotBeCreated) {
  StartBoth();
  for (const Row& row : Creating()) {
    SCOPED_TRACE(row.body);
    proxy_.AnswerStatus("PUT /" + Alias("item") + "-0", 1000, row.status, row.body);
    engine_->DeleteIndex(Alias("item") + "-000001");
    process_->service().RequestCheck();
    ExpectTroubleOf(row);
    ExpectBothRecovered();
  }
}

TEST_F(EngineSetup, AnAliasThatCannotBeSet) {
  StartBoth();
  for (const Row& row : Passing()) {
    SCOPED_TRACE(row.body);
    proxy_.AnswerStatus("POST /_aliases", 1000, row.status, row.body);
    engine_->DeleteIndex(Alias("item") + "-000001");
    process_->service().RequestCheck();
    ExpectTroubleOf(row);
    ExpectBothRecovered();
  }
}

TEST_F(EngineSetup, AMappingThatCannotBeChanged) {
  StartBoth();
  for (const Row& row : Passing()) {
    SCOPED_TRACE(row.body);
    proxy_.AnswerStatus("PUT /" + Alias("item") + "-000001/_mapping", 1000, row.status, row.body);
    Exec(fmt::format("ALTER TABLE item ADD COLUMN more{} int DEFAULT 5", ++number_));
    process_->service().RequestCheck();
    ExpectTroubleOf(row);
    ExpectBothRecovered();
  }
}

// The engine's own interval makes the changes searchable.
TEST_F(EngineSetup, ARefreshThatIsRefused) {
  StartBoth();
  for (const Row& row : Passing()) {
    SCOPED_TRACE(row.body);
    proxy_.AnswerStatus("POST /" + Alias("item") + "/_refresh", 1000, row.status, row.body);
    const std::string number = std::to_string(++number_);
    Exec("UPDATE item SET n = 1000 + " + number + " WHERE id = 7");
    Await(
        [&] { return Documents("item").at("7").find(R"("n":100)" + number) != std::string::npos; });
    EXPECT_EQ(Trouble().reason, "");
    ExpectBothRecovered();
  }
}

// The engine is asked about all indexes at once, and refuses because of one of them.
TEST_F(EngineSetup, AnIndexThatTheEngineDoesNotReport) {
  StartBoth();
  for (const Row& row : Passing()) {
    SCOPED_TRACE(row.body);
    proxy_.AnswerStatus(Alias("item") + ",", 1000, row.status, row.body);
    proxy_.AnswerStatus("," + Alias("item") + "/_settings", 1000, row.status, row.body);
    proxy_.AnswerStatus("GET /" + Alias("item") + "/_settings", 1000, row.status, row.body);
    LookUntil([&] { return !Trouble().reason.empty(); });
    ExpectTroubleOf(row);
    proxy_.StopAnswering();
    LookUntil([&] { return Trouble().reason.empty(); });
    ExpectBothRecovered();
  }
}

// The other process maintains the index all the time, so nothing has to be filled again.
TEST_F(EngineSetup, AProcessThatCannotWriteAnIndexMarksNoGapInTheWorkOfAnother) {
  StartBoth();
  const std::string hash = "SELECT config_hash FROM pgsluice.index_state WHERE index_name = 'item'";
  const std::string before = db_.Text(hash);
  const config::Config first = config_;
  ConfigureIndexes(R"({"indexes": {"other": {"table": "other"}, "item": {"table": "item",
      "mapping": {"name": {"type": "text", "fields": {"more": {"type": "keyword"}}}}}}})");
  config::Config second = config_;
  config_ = first;
  const http::Address engine = http::ParseAddress(engine_url_);
  testing::FaultProxy proxy(engine.host, engine.port);
  second.elasticsearch.urls = {proxy.url()};
  const Row row = Passing().back();
  proxy.AnswerStatus("PUT /" + Alias("item") + "-000001/_mapping", 1000, row.status, row.body);
  testing::SyncProcess process(second);
  process.Start();
  Await([&] { return process.service().registry().Current()->troubles.contains("item"); });
  Exec("UPDATE item SET n = 77 WHERE id = 3");
  ExpectRecovered();
  EXPECT_EQ(db_.Text(hash), before);
}

}  // namespace
}  // namespace pgsluice
