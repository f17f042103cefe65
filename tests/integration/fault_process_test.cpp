// The binary under load: killed, stopped, and with the database or the engine lost.

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "http/address.h"
#include "pgsluice/http/transport.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// Debian's libfaketime, the variant for threads.
std::string Faketime() {
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib")) {
    const auto library = entry.path() / "faketime/libfaketimeMT.so.1";
    if (std::filesystem::exists(library)) return library;
  }
  throw std::runtime_error("no libfaketime: apt-get install libfaketime");
}

class ProcessFault : public testing::FaultTest {
 protected:
  ProcessFault() : database_(Server().host, Server().port, testing::FaultProxy::Protocol::kTcp) {}

  http::Address Server() const {
    const std::string url = db_.url();
    return http::ParseAddress("http" + url.substr(url.find("://")));
  }
  /// The database, reached through a proxy.
  std::string Proxied() const {
    std::string url = db_.url();
    const std::string port = ":" + std::to_string(Server().port) + "/";
    return url.replace(url.find(port), port.size(), ":" + std::to_string(database_.port()) + "/");
  }
  void Prepare(int rows) {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
    Exec("INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, " +
         std::to_string(rows) + ") n");
    db_.Migrate();
    Attach();
  }
  /// Waits until /readyz has this status, with `reason` in its body.
  void WaitForReady(int status, const std::string& reason = "") {
    http::ClientOptions options;
    options.urls = {"http://" + admin_};
    const auto admin = http::MakeClient(options);
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      try {
        const http::Response response = admin->Send({.path = "/readyz"});
        if (response.status == status && response.body.find(reason) != std::string::npos) return;
      } catch (const std::exception&) {  // It does not listen yet.
        continue;
      }
    }
    ADD_FAILURE() << "/readyz never said " << status << ' ' << reason;
  }

  testing::FaultProxy database_;
  std::string admin_ = "127.0.0.1:" + std::to_string(testing::FreePort());
};

TEST_F(ProcessFault, KilledAtRandomMomentsUnderLoad) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  Prepare(300);
  std::vector<std::unique_ptr<testing::Process>> processes;
  processes.push_back(RunBinary("sync"));
  processes.push_back(RunBinary("sync"));
  for (int round = 0; round < 8; ++round) {
    const auto until = std::chrono::steady_clock::now() + milliseconds(50 + random() % 600);
    while (std::chrono::steady_clock::now() < until) {
      const std::string id = std::to_string(random() % 400);
      Exec("UPDATE item SET n = n + 1 WHERE id % 20 = " + std::to_string(random() % 20));
      Exec("DELETE FROM item WHERE id = " + id);
      Exec("INSERT INTO item VALUES (" + id + ", 'again', 0) ON CONFLICT DO NOTHING");
    }
    auto& victim = processes[random() % processes.size()];
    victim->Signal(SIGKILL);
    EXPECT_EQ(victim->Wait(), 128 + SIGKILL) << victim->err();
    victim = RunBinary("sync");
  }
  ExpectRecovered();
}

// Its rows have no events, so only a walk over the ids removes them.
TEST_F(ProcessFault, ABulkOfAKilledProcessThatArrivesAfterATruncate) {
  Prepare(300);
  proxy_.HoldNext("_bulk");
  auto victim = RunBinary("sync");
  proxy_.WaitForHeld();
  victim->Signal(SIGKILL);
  EXPECT_EQ(victim->Wait(), 128 + SIGKILL) << victim->err();
  Exec("TRUNCATE item");
  Exec("INSERT INTO item VALUES (1, 'new', 0)");
  victim = RunBinary("sync");
  ExpectRecovered();
  proxy_.Release();
  EXPECT_NE(Document("item", "2"), "");
  const std::string again = "SELECT walk_again > now() FROM pgsluice.index_state";
  EXPECT_EQ(db_.Text(again), "t");
  Exec("UPDATE pgsluice.index_state SET walk_again = now()");  // A minute later.
  const auto deadline = std::chrono::steady_clock::now() + seconds(30);
  while (!Document("item", "2").empty()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  ExpectRecovered();
}

TEST_F(ProcessFault, SigtermUnderLoadEndsWith0AndTheNextProcessContinues) {
  Prepare(5000);
  auto process = RunBinary("run");
  ASSERT_TRUE(process->WaitForLine("running", seconds(30))) << process->err();
  Exec("UPDATE item SET n = n + 1");
  const auto begin = std::chrono::steady_clock::now();
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
  Exec("DELETE FROM item WHERE id % 2 = 0");
  process = RunBinary("sync");
  ExpectRecovered();
}

TEST_F(ProcessFault, SigtermWhileTheEngineHangsEndsWith0InTime) {
  Prepare(50);
  auto process = RunBinary("sync");
  Settle();
  proxy_.Stall();
  Exec("UPDATE item SET n = n + 1");
  // The worker holds its events while it waits for the engine.
  const std::string busy =
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND "
      "application_name = 'pgsluice sync' AND state = 'idle in transaction'";
  while (db_.Text(busy) != "t") continue;
  const auto begin = std::chrono::steady_clock::now();
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
  proxy_.Pass();
  process = RunBinary("sync");
  ExpectRecovered();
}

TEST_F(ProcessFault, AnEngineThatIsLostIsReportedOnceAndMakesTheServiceUnready) {
  Prepare(50);
  auto process = RunBinary("run", admin_);
  WaitForReady(200);
  proxy_.Refuse();
  Exec("UPDATE item SET n = n + 1");
  WaitForReady(503, "engine: http://127.0.0.1");
  for (int i = 0; i < 5; ++i) Exec("UPDATE item SET n = n + 1; SELECT pg_sleep(0.2)");
  proxy_.Pass();
  WaitForReady(200);
  ExpectRecovered();
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  EXPECT_LE(Count(process->err(), " error engine: "), 3U) << process->err();
  EXPECT_THAT(process->err(), HasSubstr("engine: recovered"));
}

TEST_F(ProcessFault, ADatabaseThatIsLostIsReportedOnceAndMakesTheServiceUnready) {
  Prepare(50);
  auto process = RunBinary("run", admin_, Proxied());
  WaitForReady(200);
  database_.Refuse();
  Exec("UPDATE item SET n = n + 1");
  WaitForReady(503, "PostgreSQL at");
  Exec("DELETE FROM item WHERE id = 5; SELECT pg_sleep(1)");
  database_.Pass();
  WaitForReady(200);
  ExpectRecovered();
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  EXPECT_LE(Count(process->err(), " error database: "), 4U) << process->err();
  EXPECT_THAT(process->err(), HasSubstr("database: recovered"));
}

// Nothing that decides what is written, or when, reads the machine's wall clock.
TEST_F(ProcessFault, TheClockJumps) {
  Prepare(200);
  const std::string clock = config_file_ + ".clock";
  const auto set = [&](const std::string& offset) {
    std::ofstream(clock + ".new") << offset << '\n';
    std::filesystem::rename(clock + ".new", clock);
  };
  const testing::Process::Options options{.environment = {
                                              {"LD_PRELOAD", Faketime()},
                                              {"FAKETIME_TIMESTAMP_FILE", clock},
                                              {"FAKETIME_NO_CACHE", "1"},
                                              {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
                                              {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                                          }};
  set("+0");
  std::vector<std::unique_ptr<testing::Process>> processes;
  processes.push_back(RunBinary("sync", {}, {}, options));
  processes.push_back(RunBinary("sync"));
  ExpectRecovered();
  int round = 0;
  for (const char* offset : {"-1d", "+3650d", "+1h", "-20y", "+0"}) {
    set(offset);
    const auto begin = std::chrono::steady_clock::now();
    const std::string n = std::to_string(++round);
    Exec("UPDATE item SET n = n + 1 WHERE id % 7 = " + n + "; DELETE FROM item WHERE id = " + n);
    Exec("INSERT INTO item VALUES (" + n + "000, 'at " + offset + "', 0)");
    proxy_.AnswerStatus("_bulk", 1, 503, "busy");  // Waits as long as at any other time.
    Exec("UPDATE item SET name = name || '!' WHERE id % 2 = 0");
    ExpectRecovered();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(20)) << offset;
    processes[0]->Signal(SIGKILL);
    processes[0]->Wait();
    processes[0] = RunBinary("sync", {}, {}, options);
  }
  ASSERT_TRUE(processes[0]->WaitForLine("starting", seconds(30))) << processes[0]->err();
  processes[0]->Signal(SIGTERM);
  EXPECT_EQ(processes[0]->Wait(), 0) << processes[0]->err();
}

TEST_F(ProcessFault, BothAwayAtTheStartAreWaitedFor) {
  Prepare(50);
  proxy_.Refuse();
  database_.Refuse();
  auto process = RunBinary("run", admin_, Proxied());
  WaitForReady(503, "database: cannot connect to PostgreSQL at");
  database_.Pass();
  WaitForReady(503, "engine: ");
  proxy_.Pass();
  WaitForReady(200);
  ExpectRecovered();
}

}  // namespace
}  // namespace pgsluice
