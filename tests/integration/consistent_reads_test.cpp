// Clients that write to PostgreSQL and read at once through `pgsluice serve`, while the processes
// that sync are killed: each finds its own write. PGSLUICE_TEST_SEED repeats a run,
// PGSLUICE_TEST_PAIRS makes it longer.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "pgsluice/http/transport.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Counts how far all clients together are. Thread-safe.
class Progress {
 public:
  explicit Progress(std::uint64_t pairs) : left_(pairs) {}
  /// Returns false if all pairs are taken.
  bool Take() {
    const std::lock_guard lock(mutex_);
    return left_ > 0 && left_-- > 0;
  }
  void Done(double milliseconds, const std::string& miss) {
    const std::lock_guard lock(mutex_);
    times_.push_back(milliseconds);
    if (!miss.empty()) misses_.push_back(miss);
    changed_.notify_all();
  }
  /// Records that a client has ended.
  void Leave() {
    const std::lock_guard lock(mutex_);
    ++gone_;
    changed_.notify_all();
  }
  /// Waits until this many more pairs are done. Returns false if all clients have ended.
  bool Await(std::size_t more, int clients) {
    std::unique_lock lock(mutex_);
    const std::size_t wanted = times_.size() + more;
    changed_.wait(lock, [&] { return times_.size() >= wanted || gone_ == clients; });
    return gone_ < clients;
  }
  std::vector<double> times() { return times_; }
  const std::vector<std::string>& misses() const { return misses_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t left_;
  int gone_ = 0;
  std::vector<double> times_;
  std::vector<std::string> misses_;
};

/// Writes rows and reads each one at once.
class Client {
 public:
  Client(int number, std::uint64_t seed, const std::string& database, const std::string& api)
      : first_(number * 1000),
        random_(seed + static_cast<std::uint64_t>(number)),
        session_({.url = database}) {
    http::ClientOptions options;
    options.urls = {"http://" + api};
    api_ = http::MakeClient(options);
  }

  void Run(Progress& progress) {
    while (progress.Take()) {
      std::string miss;
      try {
        Write();
        const auto start = Clock::now();
        miss = Read();
        progress.Done(std::chrono::duration<double, std::milli>(Clock::now() - start).count(),
                      miss);
      } catch (const std::exception& error) {
        progress.Done(0, error.what());
      }
    }
    progress.Leave();
  }

 private:
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  void Write() {
    id_ = std::to_string(first_ + Below(50));
    there_ = Below(4) > 0;
    n_ = std::to_string(++written_);
    session_.Exec(there_ ? "INSERT INTO public.item VALUES (" + id_ + ", 'x', " + n_ +
                               ") ON CONFLICT (id) DO UPDATE SET n = excluded.n"
                         : "DELETE FROM public.item WHERE id = " + id_);
  }

  http::Response Get(const std::string& path) {
    return api_->Send({.path = path, .body = {}, .timeout = seconds(40)});
  }

  /// Returns empty, or what was read instead of the client's own write.
  std::string Read() {
    std::string fresh = "consistency=strong&wait=30s";
    const int way = Below(4);
    if (way > 0) {
      fresh = "after=" + std::string(session_.Exec("SELECT pgsluice.position()").Text(0, 0)) +
              "&wait=30s";
    }
    if (way == 2) return Document(fresh);
    if (way == 3) {
      const http::Response waited = Get("/v1/sync/wait?" + fresh);
      if (waited.status != 200) return waited.body;
      fresh = "per_page=1";
    }
    const std::string filter = there_ ? "id = " + id_ + " AND n = " + n_ : "id = " + id_;
    const http::Response answer =
        Get("/v1/item/search?filter=" + http::Encode(filter) + "&" + fresh);
    const std::string total = there_ ? R"("total":{"value":1,)" : R"("total":{"value":0,)";
    const bool found = answer.status == 200 && answer.body.find(total) != std::string::npos;
    return found ? "" : filter + " by " + fresh + ": " + answer.body;
  }

  std::string Document(const std::string& fresh) {
    const http::Response answer = Get("/v1/item/docs/" + id_ + "?" + fresh);
    const bool found =
        there_ ? answer.status == 200 && answer.body.find("\"n\":" + n_ + "}") != std::string::npos
               : answer.body.find("document_not_found") != std::string::npos;
    return found ? "" : id_ + " with " + n_ + ": " + answer.body;
  }

  const int first_;
  std::mt19937_64 random_;
  pg::Session session_;
  std::unique_ptr<http::Transport> api_;
  std::string id_, n_;
  bool there_ = false;
  int written_ = 0;
};

class ConsistentReads : public testing::FaultTest {};

TEST_F(ConsistentReads, EachClientFindsItsOwnWriteWhileSyncsAreKilled) {
  const std::uint64_t seed = FromEnvironment("PGSLUICE_TEST_SEED", std::random_device{}());
  std::cout << "PGSLUICE_TEST_SEED=" << seed << std::endl;
  std::mt19937_64 random(seed);
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
  db_.Migrate();
  Attach();
  std::vector<std::unique_ptr<testing::Process>> syncs;
  for (int i = 0; i < 2; ++i) syncs.push_back(RunBinary("sync"));
  Settle();
  const std::string api = "127.0.0.1:" + std::to_string(testing::FreePort());
  const auto serve = RunBinary("serve", {}, {}, {}, api);
  ASSERT_TRUE(serve->WaitForLine("running", seconds(30))) << serve->err();

  constexpr int kClients = 6;
  Progress progress(FromEnvironment("PGSLUICE_TEST_PAIRS", 400));
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] { Client(i, seed, db_.url(), api).Run(progress); });
  }
  int kills = 0;
  while (progress.Await(5 + random() % 40, kClients)) {
    auto& victim = syncs[random() % syncs.size()];
    victim->Signal(SIGKILL);
    EXPECT_EQ(victim->Wait(), 128 + SIGKILL);
    victim = RunBinary("sync");
    ++kills;
  }
  for (std::thread& client : clients) client.join();

  std::vector<double> times = progress.times();
  std::sort(times.begin(), times.end());
  std::cout << times.size() << " pairs, " << kills << " kills, " << progress.misses().size()
            << " missed; read after " << times[times.size() / 2] << " ms (median), "
            << times[times.size() * 99 / 100] << " ms (p99), " << times.back() << " ms (max)"
            << std::endl;
  EXPECT_GT(kills, 0);
  for (const std::string& miss : progress.misses()) ADD_FAILURE() << miss;
  ExpectRecovered();
}

}  // namespace
}  // namespace pgsluice
