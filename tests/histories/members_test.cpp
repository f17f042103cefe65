// Trees of tables of which some members at random have an index, written through any member while
// their definitions change, the engine blocks indexes, the configuration changes and goes back, and
// a process with another one runs beside. After every step, `strong` and `after` reads of every
// index return what SQL returns. PGSLUICE_SEED repeats a history, PGSLUICE_STEPS makes it longer,
// PGSLUICE_HISTORIES makes as many with new seeds.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "support/random_members.h"
#include "support/service_fixture.h"

namespace pgsluice::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

int Given(const char* variable, int otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::atoi(given);
}

class Members : public FaultTest, public ::testing::WithParamInterface<int> {
 protected:
  ~Members() override {
    beside_.reset();
    service_.reset();
  }

  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  void Note(const std::string& text) { notes_ += "-- " + text + "\n"; }
  std::string Story() {
    const std::string added = members_->story().substr(told_);
    told_ = members_->story().size();
    story_ += added + notes_;
    notes_.clear();
    return story_;
  }

  void Prepare(unsigned seed) {
    random_.seed(seed);
    members_ = std::make_unique<RandomMembers>(db_.session(), seed);
    members_->Create();
    const auto& members = members_->members();
    while (all_.empty()) {
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (Random(2) == 0) all_.emplace("i" + std::to_string(i), members[i].table);
      }
    }
    configured_ = all_;
    WriteConfig(config_file_, configured_);
    const Outcome migrated =
        RunPgsluice({"migrate", "up", "--config", config_file_, "--database-url", db_.url(),
                     "--elasticsearch-url", proxy_.url()});
    ASSERT_EQ(migrated.code, 0) << migrated.err;
    db_.Exec("SET search_path = public");
    Serve();
  }

  void WriteConfig(const std::string& file, const std::map<std::string, std::string>& indexes) {
    std::string list;
    for (const auto& [name, table] : indexes) {
      list += (list.empty() ? "" : ", ") + json::Quote(name) + R"(: {"table": )" +
              json::Quote(table) + "}";
    }
    std::ofstream(file) << R"({"elasticsearch": {"index_prefix": ")" << prefix_
                        << R"("}, "sync": {"on_incompatible_change": "reindex"}, "indexes": {)"
                        << list << "}}";
  }

  void Serve() {
    service_ = RunBinary("run", {}, {}, {}, listen_);
    http::ClientOptions options;
    options.urls = {"http://" + listen_};
    api_ = http::MakeClient(options);
    ASSERT_TRUE(service_->WaitForLine("running", seconds(60))) << service_->err();
  }

  void Stop(std::unique_ptr<Process>& process) {
    const bool kill = Random(2) == 0;
    Note(kill ? "it is killed" : "it is stopped");
    process->Signal(kill ? SIGKILL : SIGTERM);
    EXPECT_NE(process->Wait(), -1) << process->err();
    log_ += process->err();
    process.reset();
  }

  std::map<std::string, std::string> Some() {
    std::map<std::string, std::string> some;
    while (some.empty()) {
      for (const auto& index : all_) {
        if (Random(2) == 0) some.insert(index);
      }
    }
    return some;
  }

  /// The service continues with other indexes, or with all.
  void Reconfigure() {
    configured_ = Random(2) == 0 ? Some() : all_;
    Note("the service restarts with " + std::to_string(configured_.size()) + " indexes");
    Stop(service_);
    WriteConfig(config_file_, configured_);
    members_->Write();
    Serve();
  }

  void RunBeside() {
    if (beside_) {
      Note("the process beside ends");
      return Stop(beside_);
    }
    Note("a process with some of the indexes runs beside");
    const std::string own = config_file_;
    config_file_ += ".beside";
    WriteConfig(config_file_, Some());
    beside_ = RunBinary("sync");
    config_file_ = own;
  }

  /// The engine takes no changes of an index for a while; the others go on.
  void Block() {
    const std::string name =
        std::next(configured_.begin(), Random(static_cast<int>(configured_.size())))->first;
    Note("the engine blocks " + name);
    const auto set = [&](const char* value) {
      engine_->Send(
          {.method = "PUT",
           .path = "/" + Alias(name) + "/_settings",
           .body = std::string(R"({"index.blocks.read_only_allow_delete":)") + value + "}"});
    };
    set("true");
    members_->Write();
    ExpectAll(name);
    set("null");
  }

  void Step() {
    switch (Random(14)) {
      case 0:
        return Reconfigure();
      case 1:
        return RunBeside();
      case 2:
        return Block();
      default:
        return members_->Step();
    }
  }

  /// The mapping of the index in place may refuse what the next one will take.
  bool IsReindexed(const std::string& index) {
    return db_.Text(
               "SELECT building IS NOT NULL OR EXISTS (SELECT FROM pgsluice.dead_letter d WHERE "
               "d.index_name = i.index_name) FROM pgsluice.index_state i WHERE index_name = '" +
               index + "'") == "t";
  }

  /// What a consistent read of all documents returns. Waits while the index is being prepared.
  json::Value Read(const std::string& index) {
    const std::string after = db_.Text("SELECT pgsluice.position()");
    const std::string fresh = Random(2) == 0 ? "consistency=strong" : "after=" + after;
    http::Response answer;
    for (const auto deadline = Clock::now() + seconds(60); Clock::now() < deadline;) {
      answer = api_->Send({.path = "/v1/" + index + "/search?per_page=100&wait=30s&" + fresh,
                           .body = {},
                           .timeout = seconds(40)});
      if (answer.status == 200) {
        json::Value parsed = json::Parse(answer.body);
        if (parsed.Find({"meta", "partial"})->text != "true" && !IsReindexed(index)) return parsed;
      } else if (answer.status < 502 && answer.status != 404) {
        break;
      }
      std::this_thread::sleep_for(milliseconds(50));
    }
    ADD_FAILURE() << index << ": " << answer.status << " " << answer.body;
    return {};
  }

  void ExpectAll(const std::string& but = "") {
    for (const auto& [index, table] : configured_) {
      if (index != but) Expect(index, table);
    }
  }

  /// Documents are compared without their ids: rows of an inheritance tree may have equal keys.
  void Expect(const std::string& index, const std::string& table) {
    const json::Value answer = Read(index);
    const json::Value* hits = answer.Find("hits");
    if (hits == nullptr) return;
    std::multiset<std::string> found, wanted;
    std::set<std::string> ids;
    for (const json::Value& hit : hits->items) {
      found.insert(Comparable(*hit.Find("document")));
      EXPECT_TRUE(ids.insert(hit.Find("id")->text).second);
    }
    const pg::Result rows = db_.Exec(members_->Oracle(table));
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      wanted.insert(Comparable(json::Parse(rows.Text(row, 1))));
    }
    EXPECT_EQ(found, wanted) << index << " is not " << table;
  }

  void Run(unsigned seed, int steps) {
    ASSERT_NO_FATAL_FAILURE(Prepare(seed));
    ExpectAll();
    for (int step = 0; step < steps && !HasFailure(); ++step) {
      Step();
      Story();
      if (!HasFailure()) ExpectAll();
    }
    if (!HasFailure() && configured_ != all_) {
      Note("and at the end with all");
      configured_ = all_;
      Stop(service_);
      WriteConfig(config_file_, configured_);
      Serve();
      ExpectAll();
    }
    EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.dead_letter"), "0");
    if (!HasFailure()) return;
    for (const auto* process : {&service_, &beside_}) {
      if (!*process) continue;
      (*process)->WaitForLine("\n\n", milliseconds(100));
      log_ += "----\n" + (*process)->err();
    }
    std::string indexes;
    for (const auto& [name, table] : configured_) indexes += name + ": " + table + "\n";
    ADD_FAILURE() << "PGSLUICE_SEED=" << seed << " repeats it:\n" << indexes << Story() << log_;
  }

  std::mt19937 random_;
  std::unique_ptr<RandomMembers> members_;
  std::map<std::string, std::string> all_, configured_;  ///< Table by index.
  std::unique_ptr<Process> service_, beside_;
  std::unique_ptr<http::Transport> api_;
  const std::string listen_ = "127.0.0.1:" + std::to_string(FreePort());
  std::string story_, notes_, log_;
  std::size_t told_ = 0;
};

TEST_P(Members, ReadsEqualSqlAfterEveryStep) {
  const char* given = std::getenv("PGSLUICE_SEED");
  const bool more = std::getenv("PGSLUICE_HISTORIES") != nullptr;
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                        : more           ? std::random_device{}()
                                         : static_cast<unsigned>(GetParam() + 1);
  std::cout << "PGSLUICE_SEED=" << seed << std::endl;
  Run(seed, Given("PGSLUICE_STEPS", 15));
}

INSTANTIATE_TEST_SUITE_P(Random, Members, ::testing::Range(0, Given("PGSLUICE_HISTORIES", 2)));

}  // namespace
}  // namespace pgsluice::testing
