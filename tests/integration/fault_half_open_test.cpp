// A firewall or proxy silently forgets the database connections: recovered within a minute, and
// readiness reports it meanwhile.

#include <gmock/gmock.h>

#include <functional>
#include <thread>

#include "http/address.h"
#include "pgsluice/pg/watchdog.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// The processes reach the database through a proxy.
class HalfOpen : public testing::FaultTest {
 protected:
  HalfOpen() : database_(Address().host, Address().port, testing::FaultProxy::Protocol::kTcp) {
    config_.database.url = Url();
  }
  ~HalfOpen() override { process_.reset(); }

  static http::Address Address() {
    const std::string url = testing::PgSandbox::UrlOf("postgres");
    const std::size_t at =
        url.find('@') == std::string::npos ? url.find("//") + 2 : url.find('@') + 1;
    return http::ParseAddress("http://" + url.substr(at, url.find('/', at) - at));
  }
  /// Returns the URL of the test's database, through the proxy.
  std::string Url() const {
    std::string url = db_.url();
    const std::size_t begin =
        url.find('@') == std::string::npos ? url.find("//") + 2 : url.find('@') + 1;
    return url.replace(begin, url.find('/', begin) - begin,
                       "127.0.0.1:" + std::to_string(database_.port()));
  }
  void Await(const std::function<bool()>& condition, seconds within) {
    const auto deadline = Clock::now() + within;
    while (!condition()) {
      ASSERT_LT(Clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  bool Has(const std::string& id, const std::string& text) {
    return Document("item", id).find(text) != std::string::npos;
  }

  testing::FaultProxy database_;
};

TEST_F(HalfOpen, EveryConnectionForgottenAtRest) {
  StartWith(100);
  database_.Forget();
  Exec("UPDATE item SET name = 'after' WHERE id = 7");
  Await([&] { return Has("7", "after"); }, seconds(60));
  // Again soon, because the listener has a new connection, too.
  Await([&] { return pg::ConnectionTrouble().empty(); }, seconds(30));
  Exec("UPDATE item SET n = n + 1");
  ExpectRecovered();
}

TEST_F(HalfOpen, EveryConnectionForgottenAtWork) {
  StartWith(100);
  for (int round = 0; round < 3; ++round) {
    Exec("INSERT INTO item SELECT g, 'new', g FROM generate_series(" +
         std::to_string(1000 + round * 10000) + ", " + std::to_string(5000 + round * 10000) +
         ") g");
  }
  database_.Forget();
  const auto begin = Clock::now();
  ExpectRecovered();
  EXPECT_LT(Clock::now() - begin, seconds(90));
}

TEST_F(HalfOpen, ADatabaseThatSwallowsEverythingIsTrouble) {
  StartWith(10);
  database_.Stall();
  Await([&] { return !pg::ConnectionTrouble().empty() || !process_->trouble("database").empty(); },
        seconds(30));
  Await([&] { return !process_->trouble("database").empty(); }, seconds(60));
  Exec("UPDATE item SET n = n + 1");
  database_.Forget();
  database_.Pass();
  ExpectRecovered();
  Await([&] { return process_->trouble("database").empty(); }, seconds(30));
  EXPECT_EQ(pg::ConnectionTrouble(), "");
}

// The server may know nothing of the loss, and the forgotten connection may hold the lock on the
// indexes.
TEST_F(HalfOpen, TheForgottenConnectionOfTheWatcherIsEnded) {
  StartWith(10);
  const std::string watchers =
      "SELECT string_agg(pid::text, ',') FROM pg_stat_activity WHERE application_name = 'pgsluice "
      "watcher' AND datname = current_database()";
  const std::string before = db_.Text(watchers);
  database_.Forget();
  Await(
      [&] {
        const std::string now = db_.Text(watchers);
        return !now.empty() && now.find(before) == std::string::npos;
      },
      seconds(60));
  Exec("UPDATE item SET n = n + 1");
  ExpectRecovered();
}

// A long statement is not a half-open connection.
TEST_F(HalfOpen, ALongStatementIsLeftAlone) {
  pg::Session session({.url = Url()});
  EXPECT_EQ(session.Exec("SELECT 7 FROM pg_sleep(9)").Text(0, 0), "7");
  EXPECT_FALSE(session.broken());
}

}  // namespace
}  // namespace pgsluice
