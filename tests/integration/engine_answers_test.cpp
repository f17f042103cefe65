// All answers of an engine to changes of one index: the changes wait, keep their age, are tried
// less and less often, and delay no other index.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <functional>
#include <thread>

#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

/// Returns the answer to a bulk of one document that has to be tried again.
std::string Item(int status, const std::string& type, const std::string& reason) {
  return fmt::format(
      R"({{"errors":true,"items":[{{"index":{{"status":{},"error":{{"type":"{}","reason":"{}"}}}}}}]}})",
      status, type, reason);
}

/// Returns the answer to a whole request.
std::string Whole(int status, const std::string& type, const std::string& reason) {
  return fmt::format(R"({{"error":{{"type":"{}","reason":"{}"}},"status":{}}})", type, reason,
                     status);
}

struct Row {
  int status;
  std::string body;
  std::string remedy;  ///< A part of it.
};

std::vector<Row> Rows() {
  const std::string block = "cluster_block_exception";
  const std::string flood =
      "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, "
      "index has read-only-allow-delete block];";
  const std::string write = "index [x] blocked by: [FORBIDDEN/8/index write (api)];";
  const std::string read_only = "index [x] blocked by: [FORBIDDEN/5/index read-only (api)];";
  const std::string full = "No space left on device";
  return {
      {200, Item(429, block, flood), "free disk space"},
      {200, Item(403, block, write), "remove the block"},
      {200, Item(403, block, read_only), "remove the block"},
      {403, Whole(403, block, write), "remove the block"},
      {403, Whole(403, "security_exception", "no permissions for [indices:data/write]"),
       "privileges"},
      {404, "default backend - 404", "between pgsluice and the engine"},
      {405, R"({"error":"Incorrect HTTP method","status":405})", "between pgsluice and the engine"},
      {429, Whole(429, "circuit_breaking_exception", "[parent] Data too large"), "heap"},
      {200, Item(429, "es_rejected_execution_exception", "queue is full"), "add nodes"},
      {200, Item(429, "circuit_breaking_exception", "[parent] Data too large"), "heap"},
      {200, Item(400, "index_closed_exception", "closed"), "open the index"},
      {200, Item(500, "i_o_exception", full), "free disk space"},
      {200, Item(503, "unavailable_shards_exception", "primary shard is not active"),
       "cluster health"},
      {500, Whole(500, "null_pointer_exception", "oops"), "log"},
      {503, "<html>down</html>", "log"},
      {507, full, "free disk space"},
      {200, "hello", "between pgsluice and the engine"},
  };
}

class EngineAnswers : public testing::FaultTest {
 protected:
  static void Await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  std::string Oldest() { return db_.Text("SELECT min(captured_at) FROM pgsluice.outbox"); }
};

TEST_F(EngineAnswers, OfOneIndexHoldNoOtherUp) {
  Exec("CREATE TABLE other (id int PRIMARY KEY, n int)");
  Exec("INSERT INTO other SELECT g, g FROM generate_series(1, 10) g");
  StartWith(10);
  int n = 0;
  for (const Row& row : Rows()) {
    SCOPED_TRACE(row.body);
    const std::string number = std::to_string(--n);
    const int before = proxy_.scripted();
    proxy_.AnswerStatus(Alias("item") + "/_bulk", 1000, row.status, row.body);
    Exec("UPDATE item SET n = " + number + " WHERE id = 7");
    Await([&] { return !process_->refused("item").empty(); });
    EXPECT_THAT(process_->refused("item"), HasSubstr(row.remedy));
    const std::string captured = Oldest();
    Exec("UPDATE other SET n = " + number + " WHERE id = 1");
    Await([&] { return Document("other", "1").find(number) != std::string::npos; });
    EXPECT_TRUE(process_->refused("other").empty());
    Await([&] { return proxy_.scripted() > before + 1; });  // Tried again,
    EXPECT_EQ(Oldest(), captured);                          // still as old as it was,
    EXPECT_LT(proxy_.scripted(), before + 20);              // but not all the time.
    proxy_.StopAnswering();
    ExpectRecovered();
    Await([&] { return process_->refused("item").empty(); });
  }
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

TEST_F(EngineAnswers, ToAFirstCopyHoldNoOtherUp) {
  Exec("CREATE TABLE other (id int PRIMARY KEY, n int)");
  Exec("INSERT INTO other SELECT g, g FROM generate_series(1, 10) g");
  proxy_.AnswerStatus(Alias("item") + "/_bulk", 100000, 200,
                      Item(429, "es_rejected_execution_exception", "queue is full"));
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
  Exec("INSERT INTO item VALUES (1, 'one', 1)");
  Start();
  Await([&] { return !process_->refused("item").empty(); });
  Await([&] {
    engine_->Refresh(prefix_ + "*");
    return engine_->Count(Alias("other")) == 10;
  });
  proxy_.StopAnswering();
  ExpectRecovered();
}

}  // namespace
}  // namespace pgsluice
