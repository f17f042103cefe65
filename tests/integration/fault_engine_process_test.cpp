// A separate engine that is killed, paused, or accepts only small requests: recovered, nothing
// lost, nothing stale.

#include <gmock/gmock.h>

#include <cstdlib>

#include "support/own_engine.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

/// Its address replaces the engine's during the test.
struct HasEngine {
  explicit HasEngine(std::vector<std::string> settings) : engine(std::move(settings)) {
    if (const char* url = std::getenv(kVariable)) before = url;
    setenv(kVariable, engine.url().c_str(), 1);
  }
  ~HasEngine() { before.empty() ? unsetenv(kVariable) : setenv(kVariable, before.c_str(), 1); }

  static constexpr const char* kVariable = "PGSLUICE_ELASTICSEARCH_URL";
  testing::OwnEngine engine;
  std::string before;
};

class EngineProcess : private HasEngine, public testing::FaultTest {
 protected:
  explicit EngineProcess(std::vector<std::string> settings = {}) : HasEngine(std::move(settings)) {}
  ~EngineProcess() override { process_.reset(); }

  using HasEngine::engine;
  void WaitForTrouble() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(150);
    while (process_->trouble("engine").empty()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
  }
  void Change() {
    Exec(
        "UPDATE item SET n = n + 1, name = name || '!' WHERE id % 2 = 0; "
        "DELETE FROM item WHERE id % 13 = 0; INSERT INTO item SELECT max(id) + 1, 'new', 0 FROM "
        "item");
  }
};

TEST_F(EngineProcess, KilledPausedAndStartedAgainUnderLoad) {
  StartWith(3000);
  Exec("UPDATE item SET n = -n");
  engine.Kill();  // In the middle of it.
  Change();
  WaitForTrouble();
  Change();
  engine.Start();
  ExpectRecovered();
  engine.Pause();
  Change();
  Exec("UPDATE item SET name = 'while it was paused' WHERE id % 5 = 0");
  Exec("TRUNCATE item; INSERT INTO item SELECT n, 'anew', n FROM generate_series(1, 500) n");
  engine.Resume();
  ExpectRecovered();
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
}

class SmallEngine : public EngineProcess {
 protected:
  SmallEngine() : EngineProcess({"http.max_content_length: 1mb"}) {}
  void WaitForDeadLetters(const std::string& count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(150);
    while (db_.Text("SELECT count(*) FROM pgsluice.dead_letter") != count) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
  }
};

TEST_F(SmallEngine, RequestsAreMadeSmallerAndWhatIsTooLargeAloneIsADeadLetter) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
  const std::string kilobytes = "repeat(md5(random()::text) || ' ', 31)";
  Exec("INSERT INTO item SELECT n, repeat(" + kilobytes +
       ", 100), n FROM generate_series(1, 60) n");  // 6 MB, first copy
  Exec("INSERT INTO item VALUES (100, repeat(" + kilobytes + ", 1500), 0)");
  Start();
  WaitForDeadLetters("1");
  EXPECT_EQ(db_.Text("SELECT document_id FROM pgsluice.dead_letter"), "100");
  EXPECT_THAT(db_.Text("SELECT error FROM pgsluice.dead_letter"), HasSubstr("413"));
  EXPECT_THAT(db_.Text("SELECT error FROM pgsluice.dead_letter"),
              ::testing::ContainsRegex("15[0-9]{5} bytes"));
  ExpectIndex("item", "SELECT id::text, to_json(item) FROM item WHERE id <> 100");
  // Live changes, including the large one.
  Exec("UPDATE item SET n = n + 1");
  Settle();
  ExpectIndex("item", "SELECT id::text, to_json(item) FROM item WHERE id <> 100");
  WaitForDeadLetters("1");
  Exec("UPDATE item SET name = 'small again' WHERE id = 100");
  ExpectRecovered();
  WaitForDeadLetters("0");
}

}  // namespace
}  // namespace pgsluice
