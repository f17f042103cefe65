// All failures of the engine: recovered, nothing lost, nothing stale.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include "pgsluice/outbox/outbox.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

constexpr const char* kChange =
    "UPDATE item SET n = n + 1, name = name || '!' WHERE id % 2 = 0; "
    "DELETE FROM item WHERE id % 5 = 0; INSERT INTO item SELECT n + 10000, 'new', n "
    "FROM generate_series(1, 50) n";

class EngineFault : public testing::FaultTest {
 protected:
  /// Changes rows while the next `times` answers to _bulk are these.
  void ChangeUnder(int times, int status, const std::string& body,
                   const std::string& headers = {}) {
    StartWith(200);
    const int before = proxy_.scripted();
    proxy_.AnswerStatus("_bulk", times, status, body, headers);
    Exec(kChange);
    ExpectRecovered();
    EXPECT_EQ(proxy_.scripted(), before + times);
    EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
  }
  void WaitForDeadLetters(const std::string& count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (db_.Text("SELECT count(*) FROM pgsluice.dead_letter") != count) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
  }
};

TEST_F(EngineFault, TooManyRequests) { ChangeUnder(3, 429, R"({"error":{"type":"x"}})"); }

TEST_F(EngineFault, Unavailable) { ChangeUnder(3, 503, "<html>down</html>"); }

// With one worker, its claim has every event of the change, so the first chunk and its halves are
// several documents. SmallEngine has a real limit.
TEST_F(EngineFault, TooLargeIsHalved) {
  config_.sync.workers = 1;
  ChangeUnder(2, 413, "");
}

TEST_F(EngineFault, AnswerThatIsNotJson) { ChangeUnder(2, 200, "hello"); }

TEST_F(EngineFault, AnswerThatDoesNotFitTheRequest) {
  ChangeUnder(2, 200, R"({"errors":true,"items":[]})");
}

TEST_F(EngineFault, Redirect) { ChangeUnder(2, 302, "", "Location: http://elsewhere/\r\n"); }

TEST_F(EngineFault, ItemsThatFailForNow) {
  StartWith(200);
  proxy_.AnswerStatus("_bulk", 1, 200,
                      R"({"errors":true,"items":[{"index":{"status":429,"error":{"type":)"
                      R"("es_rejected_execution_exception","reason":"queue is full"}}}]})");
  Exec("UPDATE item SET n = -1 WHERE id = 7");
  ExpectRecovered();
}

// A repeated deletion still has its shard.
TEST_F(EngineFault, ItemsThatFailForNowKeepTheirRouting) {
  ConfigureIndexes(R"({"indexes": {"item": {"table": "item", "routing": "name",
      "settings": {"number_of_shards": 5}}}})");
  StartWith(200);
  const std::string full =
      R"({"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue is full"}})";
  for (const char* other : {"a", "b", "c", "d"}) {
    proxy_.AnswerStatus(
        "_bulk", 1, 200,
        R"({"errors":true,"items":[{"delete":)" + full + R"(},{"index":)" + full + "}]}");
    Exec("UPDATE item SET name = '" + std::string(other) + "' WHERE id = 7");
    ExpectRecovered();
    EXPECT_EQ(engine_->Count(Alias("item")), 200);
  }
}

TEST_F(EngineFault, ConnectionCutInTheMiddleOfAnAnswer) {
  StartWith(200);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{20}, std::size_t{150}}) {
    proxy_.CutNextAnswer(bytes);
    Exec("UPDATE item SET n = n + 1 WHERE id < 100; DELETE FROM item WHERE id = " +
         std::to_string(150 + bytes / 10));
    ExpectRecovered();
  }
}

TEST_F(EngineFault, PausedAndBack) {
  StartWith(200);
  proxy_.Stall();
  Exec(kChange);
  Exec("UPDATE item SET n = 5 WHERE id = 1");
  proxy_.Pass();
  ExpectRecovered();
}

TEST_F(EngineFault, GoneAndBack) {
  StartWith(200);
  proxy_.Refuse();
  Exec(kChange);
  Exec("TRUNCATE item; INSERT INTO item VALUES (3, 'three', 3)");
  proxy_.Pass();
  ExpectRecovered();
}

TEST_F(EngineFault, ReadOnlyByFloodStage) {
  StartWith(200);
  const std::string settings = R"({"index.blocks.read_only_allow_delete":)";
  engine_->PutSettings(Alias("item"), settings + "true}");
  Exec("UPDATE item SET n = n + 1");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (process_->refused("item").empty()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  EXPECT_THAT(process_->refused("item"), HasSubstr("cluster_block_exception"));
  EXPECT_THAT(process_->refused("item"), HasSubstr("free disk space"));
  engine_->PutSettings(Alias("item"), settings + "null}");
  ExpectRecovered();
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

// What engines answer if they cannot write: for one document, for a failed shard, for all.
TEST_F(EngineFault, DiskFull) {
  StartWith(200);
  const auto item = [](int status, const std::string& type, const std::string& reason) {
    return fmt::format(
        R"({{"errors":true,"items":[{{"index":{{"status":{},"error":{{"type":"{}","reason":"{}"}}}}}}]}})",
        status, type, reason);
  };
  const std::string full = "No space left on device";
  const struct {
    int status;
    std::string body;
  } answers[] = {
      {200, item(500, "i_o_exception", full)},
      {200, item(500, "translog_exception", "Failed to write operation: " + full)},
      {200, item(503, "unavailable_shards_exception", "primary shard is not active")},
      {200, item(429, "cluster_block_exception",
                 "disk usage exceeded flood-stage watermark, index has read-only-allow-delete")},
      {200, item(500, "already_closed_exception", "translog is already closed")},
      {507, full},
      {500, R"({"error":{"type":"i_o_exception","reason":"No space left on device"}})"},
  };
  int n = 0;
  for (const auto& [status, body] : answers) {
    SCOPED_TRACE(body);
    const int before = proxy_.scripted();
    proxy_.AnswerStatus("_bulk", 1, status, body);
    Exec("UPDATE item SET n = " + std::to_string(--n) + " WHERE id = 7");
    ExpectRecovered();
    EXPECT_EQ(proxy_.scripted(), before + 1);
  }
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

TEST_F(EngineFault, ABackfillOfLargeRowsContinuesWhereItWas) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, body text) WITH (fillfactor = 10)");
  Exec("INSERT INTO item SELECT n, repeat('x', 1000000) FROM generate_series(1, 100) n");
  Start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (db_.Text("SELECT count(*) FROM pgsluice.backfill WHERE state = 'pending' "
                  "AND next_block > first_block AND rows > 0") != "1") {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "all of it in one transaction";
  }
  const int before = proxy_.scripted();
  proxy_.AnswerStatus("_bulk", 1, 503, "{}");
  Settle();
  EXPECT_EQ(engine_->Count(Alias("item")), 100);
  EXPECT_EQ(proxy_.scripted(), before + 1);
}

TEST_F(EngineFault, AnIndexDeletedByHandIsCreatedAgainAndFilled) {
  StartWith(200);
  engine_->DeleteIndex(Alias("item") + "-000001");
  Exec(kChange);
  ExpectRecovered();
}

// Like a restored snapshot of the index: it contains deleted documents and lacks new ones.
TEST_F(EngineFault, AnOlderCopyInThePlaceOfTheIndexIsFilledAgain) {
  StartWith(200);
  const std::string index = Alias("item") + "-000001";
  const auto send = [&](const char* method, const std::string& path, const std::string& body) {
    const http::Response response =
        engine_->Send({.method = method, .path = "/" + path, .body = body});
    ASSERT_EQ(response.status, 200) << response.body;
  };
  send("PUT", index + "/_settings", R"({"index.blocks.write": true})");
  send("POST", index + "/_clone/" + prefix_ + "old", "");
  send("PUT", index + "/_settings", R"({"index.blocks.write": null})");
  Exec(kChange);
  ExpectRecovered();
  proxy_.Refuse();
  engine_->DeleteIndex(index);
  send(
      "POST", prefix_ + "old/_clone/" + index,
      R"({"settings": {"index.blocks.write": null}, "aliases": {")" + Alias("item") + R"(": {}}})");
  const auto restored = engine_->Uuids(Alias("item"));
  proxy_.Pass();
  Exec("UPDATE item SET n = 7 WHERE id = 1");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (engine_->Uuids(Alias("item")) == restored) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nobody noticed";
  }
  ExpectRecovered();
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

// Answers of an engine that cannot determine whether the index exists, and of other programs.
TEST_F(EngineFault, AnIndexThatCannotBeLookedUpIsNotCreatedAgain) {
  StartWith(100);
  const auto before = engine_->Uuids(Alias("item"));
  const struct {
    int status;
    std::string body;
  } answers[] = {
      {429, R"({"error":{"type":"circuit_breaking_exception","reason":"x"},"status":429})"},
      {503, "down"},
      {302, ""},
      {200, "<html>hello</html>"},
      {200, R"({"name":{}})"},
      {404, "default backend - 404"}};
  for (const auto& [status, body] : answers) {
    SCOPED_TRACE(status);
    for (const std::string part : {"_settings", "_alias"}) {
      const int until = proxy_.scripted() + 1;
      proxy_.AnswerStatus(part, 1, status, body);
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
      while (proxy_.scripted() < until) {
        process_->service().RequestCheck();
        ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      }
      Exec("UPDATE item SET n = n + 1 WHERE id < 50");
      ExpectRecovered();
      EXPECT_EQ(engine_->Uuids(Alias("item")), before);
    }
  }
}

TEST_F(EngineFault, AnAliasWithTwoIndexesIsRepairedAndNothingIsADeadLetter) {
  StartWith(100);
  const std::string second = Alias("item") + "-000002";
  engine_->CreateIndex(second, R"({"mappings":{"_meta":{"pgsluice":{}}}})");
  engine_->SwapAlias(Alias("item"), {}, second);
  Exec(kChange);
  ExpectRecovered();
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
  // First the index leaves the alias.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (engine_->IndexExists(second)) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(EngineFault, PoisonIsADeadLetterAndTheNextChangeCuresIt) {
  StartWith(20);
  proxy_.AnswerStatus("_bulk", 1, 200,
                      R"({"errors":true,"items":[{"index":{"status":400,"error":{"type":)"
                      R"("mapper_parsing_exception","reason":"failed to parse [n]"}}}]})");
  Exec("UPDATE item SET n = -1 WHERE id = 7");
  WaitForDeadLetters("1");
  EXPECT_THAT(db_.Text("SELECT error FROM pgsluice.dead_letter"), HasSubstr("failed to parse [n]"));
  EXPECT_EQ(db_.Text("SELECT document_id FROM pgsluice.dead_letter"), "7");
  Exec("UPDATE item SET n = -2 WHERE id = 8");  // Other changes continue.
  Settle();
  Exec("UPDATE item SET n = -3 WHERE id = 7");
  ExpectRecovered();
  WaitForDeadLetters("0");
}

TEST_F(EngineFault, PoisonIsCuredByRetry) {
  StartWith(20);
  proxy_.AnswerStatus("_bulk", 1, 200,
                      R"({"errors":true,"items":[{"index":{"status":400,"error":{"type":)"
                      R"("mapper_parsing_exception","reason":"failed to parse [n]"}}}]})");
  Exec("UPDATE item SET n = -1 WHERE id = 7");
  WaitForDeadLetters("1");
  EXPECT_EQ(outbox::RetryDeadLetters(db_.session(), {}), 1);
  ExpectRecovered();
  WaitForDeadLetters("0");
}

}  // namespace
}  // namespace pgsluice
