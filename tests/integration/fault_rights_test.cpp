// A role that loses its rights while the service runs: the error is reported once, and the recovery
// only when the work succeeds again.

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "pgsluice/http/transport.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

class Rights : public testing::FaultTest {
 protected:
  Rights() {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text, n int)");
    Exec("INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, 50) n");
    db_.Migrate();
    Attach();
    Exec("CREATE ROLE " + role_ + " LOGIN; GRANT SELECT ON item TO " + role_ +
         "; SELECT pgsluice.grant_to_sync('" + role_ + "')");
  }
  ~Rights() override {
    service_.reset();
    Exec("DROP OWNED BY " + role_ + "; DROP ROLE " + role_);
  }

  std::string UrlOfRole() const {
    std::string url = db_.url();
    const std::size_t host = url.find("://") + 3;
    return url.replace(host, url.find('@') - host, role_);
  }
  void AwaitReady(int status) {
    http::ClientOptions options;
    options.urls = {"http://" + admin_};
    const auto client = http::MakeClient(options);
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (true) {
      try {
        if (client->Send({.path = "/readyz"}).status == status) return;
      } catch (const std::exception&) {  // It does not listen yet.
      }
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "/readyz is never " << status;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  /// Waits until that many more sessions of this database have ended.
  void AwaitSessions(std::int64_t more) {
    const std::string sessions =
        "SELECT sessions FROM pg_stat_database WHERE datname = current_database()";
    const std::int64_t wanted = std::stoll(db_.Text(sessions)) + more;
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (std::stoll(db_.Text(sessions)) < wanted) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  const std::string role_ = "pgsluice_without_rights_" + std::to_string(getpid());
  const std::string admin_ = "127.0.0.1:" + std::to_string(testing::FreePort());
  std::unique_ptr<testing::Process> service_;
};

TEST_F(Rights, ThatAreLostAreReportedOnceAndTheRecoveryOnlyWhenTheWorkSucceeds) {
  service_ = RunBinary("run", admin_, UrlOfRole());
  ASSERT_NO_FATAL_FAILURE(AwaitReady(200)) << service_->err();
  Exec("REVOKE SELECT ON pgsluice.outbox FROM " + role_);
  Exec("UPDATE item SET n = n + 1");
  Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role_ + "'");
  ASSERT_TRUE(service_->WaitForLine("permission denied", seconds(60))) << service_->err();
  // Connections succeed all the time, the work behind them does not.
  ASSERT_NO_FATAL_FAILURE(AwaitSessions(12));
  ASSERT_NO_FATAL_FAILURE(AwaitReady(503));
  service_->WaitForLine("\n\n", std::chrono::milliseconds(100));
  EXPECT_THAT(service_->err(), Not(HasSubstr(": recovered")));
  Exec("GRANT SELECT ON pgsluice.outbox TO " + role_);
  EXPECT_TRUE(service_->WaitForLine(": recovered", seconds(60))) << service_->err();
  ASSERT_NO_FATAL_FAILURE(AwaitReady(200)) << service_->err();
  ExpectRecovered();
}

}  // namespace
}  // namespace pgsluice
