// A role that may connect to the database and has no other right: its locks and notifications stop
// no other session.

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <thread>

#include "pgsluice/json/value.h"
#include "pgsluice/sync/advisory_lock.h"
#include "support/command_fixture.h"

namespace pgsluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Strangers : public testing::CommandTest {
 protected:
  void SetUp() override {
    const std::string database = db_.Text("SELECT current_database()");
    role_ = database + "_stranger";
    Exec("CREATE ROLE " + role_ + " LOGIN PASSWORD 'x'");
    stranger_.emplace(OptionsAs("somebody's tool"));
    Exec(
        "CREATE TABLE item (id int PRIMARY KEY, n int);"
        "INSERT INTO item SELECT n, n FROM generate_series(1, 50) n");
    ConfigureIndexes(R"({"indexes": {"item": {}}})");
  }
  void TearDown() override {
    stranger_.reset();
    Exec("DROP ROLE " + role_);
  }
  /// A session of the role whose application has this name.
  pg::SessionOptions OptionsAs(const std::string& application) {
    return {.url = "host=127.0.0.1 user=" + role_ +
                   " password=x dbname=" + db_.Text("SELECT current_database()") +
                   " port=" + db_.Text("SELECT current_setting('port')"),
            .application_name = application};
  }
  /// As a command reports it that has only the database.
  std::string Phase() {
    const json::Value status = json::Parse(Run({"status", "--json"}).out);
    return status.Find("phase")->text;
  }
  void Hold(const std::string& locks) { stranger_->Exec("SELECT pg_advisory_lock(" + locks + ")"); }
  void LetGo() { stranger_->Exec("SELECT pg_advisory_unlock_all()"); }
  void ExpectItems() { ExpectIndex("item", "SELECT id::text, to_json(item) FROM item"); }
  /// Matches the text that names the stranger in a message.
  auto NamesHim() const {
    return AllOf(HasSubstr("of role " + role_), HasSubstr("(application 'somebody''s tool')"));
  }
  void AwaitTrouble(const std::string& part) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (process_->trouble(part).empty()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << part;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  std::string role_;
  std::optional<pg::Session> stranger_;
};

TEST_F(Strangers, WithTheLocksOfWritersStopNoChange) {
  Hold("1886612588, 1");
  Hold("1886612589, n) FROM generate_series(0, 300) AS g (n");
  Hold("1886612590, n) FROM generate_series(0, 300) AS g (n");
  Start();
  Settle();
  ExpectItems();
  EXPECT_LT(db_.Text("SELECT generation FROM pgsluice.state").size(), 3U) << "beyond what is held";
  Exec("UPDATE item SET n = n + 1; DELETE FROM item WHERE id > 40");
  ExpectItems();
  EXPECT_EQ(process_->trouble("sync"), "");
  // A backfill does not wait for a stranger that seems to write documents of an older generation
  // either.
  LetGo();
  stranger_->Exec("SELECT pg_advisory_lock_shared(1886612589, 0)");
  ASSERT_EQ(Run({"backfill", "item"}).code, 0);
  ExpectItems();
}

TEST_F(Strangers, AreKnownByTheirRights) {
  db_.Migrate();
  const std::string pid(stranger_->Exec("SELECT pg_backend_pid()").Text(0, 0));
  EXPECT_EQ(db_.Text("SELECT pgsluice.is_ours(" + pid + ")"), "f");
  EXPECT_EQ(db_.Text("SELECT pgsluice.is_ours(pg_backend_pid())"), "t");
  // A prepared transaction keeps its locks without a session.
  EXPECT_EQ(db_.Text("SELECT pgsluice.is_ours(NULL)"), "f");
}

TEST_F(Strangers, AreNoPollersWhateverTheirName) {
  db_.Migrate();
  const pg::Session imposter(OptionsAs("pgsluice listen"));
  EXPECT_EQ(db_.Text("SELECT pollers FROM pgsluice.outbox_status"), "0");
  EXPECT_EQ(Phase(), "stopped");
  pg::SessionOptions options = db_.options();
  options.application_name = "pgsluice listen";
  const pg::Session poller(options);
  EXPECT_EQ(db_.Text("SELECT pollers FROM pgsluice.outbox_status"), "1");
  EXPECT_EQ(Phase(), "running elsewhere");
}

TEST_F(Strangers, WithTheLockOfIndexesAreNamed) {
  db_.Migrate();
  Hold("1886612588, 2");
  pg::Session session(db_.options());
  try {
    const sync::AdvisoryLock lock(session, 2, sync::AdvisoryLock::Mode::kWait,
                                  std::chrono::milliseconds(50));
    FAIL();
  } catch (const sync::LockHeld& error) {
    EXPECT_EQ(error.disposition(), Disposition::kRetry);
    EXPECT_THAT(error.Full(),
                AllOf(NamesHim(), HasSubstr("lock 2"), HasSubstr("pg_terminate_backend()")));
  }
  LetGo();
  EXPECT_TRUE(sync::AdvisoryLock(session, 2, sync::AdvisoryLock::Mode::kWait).held());
}

TEST_F(Strangers, WithTheLockOfAReindexAreNamed) {
  Start();
  Settle();
  Hold("1886612588, 5");
  auto command = Begin({"reindex", "item"});
  AwaitTrouble("reindex");
  EXPECT_THAT(process_->trouble("reindex"),
              AllOf(NamesHim(), HasSubstr("lock 5"), HasSubstr("pg_terminate_backend()")));
  EXPECT_THAT(process_->registry().Text(), HasSubstr(R"(pgsluice_trouble{part="reindex"} 1)"));
  LetGo();
  EXPECT_EQ(command->Wait(), 0) << command->err();
  Await([&] { return process_->trouble("reindex").empty(); });
  ExpectItems();
}

TEST_F(Strangers, WithTheLockOfAComparisonAreNamed) {
  Hold("1886612591, hashtext('item')");
  config_.verify = config::Verify{1'000'000, true};
  Start();
  AwaitTrouble("verify");
  EXPECT_THAT(process_->trouble("verify"), AllOf(NamesHim(), HasSubstr("index item")));
  LetGo();
  Await([&] {
    return db_.Text("SELECT count(*) FROM pgsluice.pass WHERE complete_at IS NOT NULL") == "1";
  });
  Await([&] { return process_->trouble("verify").empty(); });
}

// The server's own answer, which is replaced in this database: the real queue takes 8 GB.
TEST_F(Strangers, WhoFillTheQueueOfNotificationsFailNoCommit) {
  Exec(
      "CREATE OR REPLACE FUNCTION pg_catalog.pg_notification_queue_usage() RETURNS float8 "
      "LANGUAGE sql VOLATILE PARALLEL RESTRICTED AS 'SELECT 0.75::float8'");
  Start();
  Settle();
  pg::Listener listener(db_.options(), "pgsluice");
  for (int i = 0; i < 3; ++i) {
    Exec("UPDATE item SET n = n + 1 WHERE id = " + std::to_string(i + 1));
    ExpectItems();
  }
  EXPECT_FALSE(listener.Wait(0)) << "a writer has notified";
}

}  // namespace
}  // namespace pgsluice
