// Several processes with different configurations on one database, and definitions that disappear
// and come back: an event is removed only when every index that needs it has it.

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::seconds;
using testing::SyncProcess;

class Definitions : public testing::FaultTest {
 protected:
  Definitions() {
    Exec(
        "CREATE TABLE a (id int PRIMARY KEY, n int); CREATE TABLE b (id int PRIMARY KEY, a_id int, "
        "n "
        "int); CREATE INDEX ON b (a_id);"
        "INSERT INTO a SELECT g, g FROM generate_series(1, 40) g;"
        "INSERT INTO b SELECT g, g, g FROM generate_series(1, 40) g");
    db_.Migrate();
  }
  /// Starts a process with these indexes.
  std::unique_ptr<SyncProcess> Run(const std::string& indexes) {
    ConfigureIndexes(R"({"indexes": )" + indexes + "}");
    Attach();
    auto process = std::make_unique<SyncProcess>(config_);
    process->Start();
    return process;
  }
  void Write(int round) {
    const std::string n = std::to_string(round);
    for (int id = 1; id <= 30; ++id) {
      for (const char* table : {"a", "b"}) {
        Exec(std::string("UPDATE ") + table + " SET n = n + 100 WHERE id = " + std::to_string(id));
      }
    }
    for (const char* table : {"a", "b"}) {
      Exec(std::string("DELETE FROM ") + table + " WHERE id = 30 + " + n);
      Exec(std::string("INSERT INTO ") + table + " (id, n) VALUES (1000 + " + n +
           ", 1) ON CONFLICT DO NOTHING");
    }
  }
  template <typename Condition>
  static void Await(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  void AwaitText(const std::string& query, const std::string& wanted) {
    SCOPED_TRACE(query);
    Await([&] { return db_.Text(query) == wanted; });
  }
  std::string HashOf(const std::string& index) {
    return db_.Text("SELECT config_hash FROM pgsluice.index_state WHERE index_name = '" + index +
                    "'");
  }
  /// Makes a process that has ended look as if it had been gone for a minute.
  void AwaitLostProcess() {
    AwaitText("SELECT EXISTS (SELECT FROM pgsluice.process WHERE lost_at IS NOT NULL)", "t");
    Exec(
        "UPDATE pgsluice.process SET lost_at = lost_at - interval '1 min' WHERE lost_at IS NOT "
        "NULL");
  }
  /// Makes index `name` one that no process has had in its configuration for a while.
  void AwaitNotConfigured(const std::string& name) {
    AwaitText("SELECT unattended_since IS NOT NULL FROM pgsluice.index_state WHERE index_name = '" +
                  name + "'",
              "t");
    Exec(
        "UPDATE pgsluice.index_state SET unattended_since = unattended_since - interval '1 min' "
        "WHERE index_name = '" +
        name + "'");
    AwaitText("SELECT state FROM pgsluice.index_state WHERE index_name = '" + name + "'",
              "not_configured");
  }
  void ExpectTable(const std::string& name) {
    ExpectIndex(name, "SELECT id::text, to_json(" + name + ") FROM " + name);
  }
  void ExpectEmbedded() {
    ExpectIndex("a",
                "SELECT id::text, json_build_object('id', id, 'n', n, 'bs', coalesce((SELECT "
                "json_agg(json_build_object('id', id, 'n', n) ORDER BY id) FROM b WHERE a_id = "
                "a.id), '[]')) FROM a");
  }

  static constexpr const char* kA = R"({"a": {"table": "a"}})";
  static constexpr const char* kB = R"({"b": {"table": "b"}})";
  static constexpr const char* kBoth = R"({"a": {"table": "a"}, "b": {"table": "b"}})";
  static constexpr const char* kEmbedded = R"({"a": {"table": "a", "embed": {"bs": {
      "table": "b", "on": {"id": "a_id"}, "columns": ["id", "n"]}}}})";
};

TEST_F(Definitions, AnOldProcessBesideOneWithAnotherIndex) {
  const auto old = Run(kA);
  auto fresh = Run(kBoth);
  Write(1);
  ExpectTable("a");
  ExpectTable("b");
  fresh->Stop();  // Rolled back for a moment.
  Write(2);
  fresh = Run(kBoth);
  Write(3);
  old->Stop();
  Write(4);
  ExpectTable("a");
  ExpectTable("b");
}

TEST_F(Definitions, AnOldProcessBesideOneThatEmbedsAnotherTable) {
  const auto old = Run(kA);
  ExpectTable("a");
  auto fresh = Run(kEmbedded);
  Write(1);
  ExpectEmbedded();
  const std::string embedded = HashOf("a");
  fresh->Stop();  // Rolled back.
  Await([&] { return HashOf("a") != embedded && !HashOf("a").empty(); });
  Write(2);
  ExpectTable("a");
  fresh = Run(kEmbedded);
  Write(3);
  ExpectEmbedded();
  old->Stop();
  Write(4);
  ExpectEmbedded();
}

TEST_F(Definitions, ProcessesWithNothingInCommon) {
  const auto of_a = Run(kEmbedded);
  auto of_b = Run(kB);
  Write(1);
  ExpectEmbedded();
  ExpectTable("b");
  of_b->Stop();
  Write(2);
  Await([&] {
    return db_.Text("SELECT count(*) FROM pgsluice.outbox WHERE waiting_for IS NULL") == "0";
  });
  EXPECT_NE(db_.Text("SELECT count(*) FROM pgsluice.outbox WHERE waiting_for = '{b}'"), "0");
  of_b = Run(kB);
  ExpectEmbedded();
  ExpectTable("b");
}

TEST_F(Definitions, AnIndexThatLeavesTheConfigurationAndComesBack) {
  auto process = Run(kBoth);
  Settle();
  const std::string before = HashOf("b");
  process->Stop();
  process = Run(kA);
  Write(1);  // Events for b wait.
  AwaitNotConfigured("b");
  Write(2);
  ExpectTable("a");
  process->Stop();
  process = Run(kBoth);
  Await([&] { return HashOf("b") == before; });
  ExpectTable("a");
  ExpectTable("b");
}

TEST_F(Definitions, ADefinitionThatChangesForthAndBack) {
  const std::string plain = R"({"a": {"table": "a"}})";
  for (const char* other :
       {R"({"a": {"table": "a", "where": "id % 2 = 0"}})",
        R"({"a": {"table": "a", "columns": ["id"]}})",
        R"({"a": {"table": "a", "fields": {"m": {"sql": "root.n + 1", "type": "integer"}}}})"}) {
    SCOPED_TRACE(other);
    auto process = Run(plain);
    ExpectTable("a");
    process->Stop();
    process = Run(other);
    Settle();
    Write(1);
    process->Stop();
    process = Run(plain);
    ExpectTable("a");
  }
}

TEST_F(Definitions, AProcessThatIsKilledIsReplacedByOneThatKnowsLess) {
  const auto old = Run(kA);
  ExpectTable("a");
  const std::string plain = HashOf("a");
  ConfigureIndexes(std::string(R"({"indexes": )") + kEmbedded + "}");
  Attach();
  config_file_ = ::testing::TempDir() + prefix_ + "embedded.json";
  std::ofstream(config_file_) << R"({"elasticsearch": {"urls": [")" << engine_url_
                              << R"("], "index_prefix": ")" << prefix_ << R"("}, "indexes": )"
                              << kEmbedded << "}";
  auto fresh = RunBinary("sync");
  ASSERT_TRUE(fresh->WaitForLine("running", seconds(60))) << fresh->err();
  Write(1);
  ExpectEmbedded();
  fresh->Signal(SIGKILL);
  fresh->Wait();
  Write(2);
  AwaitLostProcess();
  Await([&] { return HashOf("a") == plain; });
  Write(3);
  ExpectTable("a");
}

}  // namespace
}  // namespace pgsluice
