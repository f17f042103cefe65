// Documents that change by time.

#include <gtest/gtest.h>

#include <thread>

#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

class RefreshAt : public testing::SyncTest {
 protected:
  void SetUp() override {
    Exec(
        "CREATE TABLE post (id int PRIMARY KEY, tenant text DEFAULT 'a', published_at timestamptz, "
        "expires_at timestamptz)");
  }
  /// Posts are in the index from published_at to expires_at.
  void ConfigurePosts(const std::string& more = {}) {
    ConfigureIndexes(R"json({"indexes": {"posts": {"table": "post", "columns": ["id"],
        "where": "coalesce(published_at <= now(), true) AND coalesce(expires_at > now(), true)",
        "refresh_at": "CASE WHEN published_at > now() THEN published_at ELSE expires_at END")json" +
                     more + "}}}");
  }
  void AwaitText(const std::string& sql, const std::string& value) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (std::string now; (now = db_.Text(sql)) != value;) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << sql << ": " << now;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  void AwaitDocument(const std::string& id, bool there) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (Document("posts", id).empty() == there) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << id;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::string Times() {
    return db_.Text(
        "SELECT coalesce(string_agg(document_id, ',' ORDER BY at), '') FROM "
        "pgsluice.refresh_time");
  }
  /// Makes the stored times come, as if the clock had moved.
  void ShiftClock() {
    Exec(
        "UPDATE post SET published_at = published_at - interval '1 day', "
        "expires_at = expires_at - interval '1 day'");
    Exec("UPDATE pgsluice.refresh_time SET at = at - interval '1 day'");
  }
};

TEST_F(RefreshAt, ARowBeginsToMatchAndStopsByItself) {
  ConfigurePosts();
  Start();
  Settle();
  Exec("INSERT INTO post VALUES (1, 'a', now() + interval '1 s')");
  AwaitDocument("1", true);
  Exec("UPDATE post SET expires_at = now() + interval '1 s'");
  AwaitDocument("1", false);
  AwaitText("SELECT count(*) FROM pgsluice.refresh_time", "0");
}

TEST_F(RefreshAt, ReadsTheTimesOfExistingRows) {
  Exec(
      "INSERT INTO post VALUES (1, 'a', now() + interval '2 h'), (2, 'a', now() + interval '1 h'), "
      "(3, 'a', now() - interval '1 h'), (4, 'a', NULL), (5, 'a', 'infinity')");
  ConfigurePosts();
  Start();
  Settle();
  EXPECT_EQ(Times(), "2,1");
  EXPECT_EQ(Documents("posts").size(), 2U);
}

TEST_F(RefreshAt, FollowsTheRow) {
  ConfigurePosts();
  Start();
  Exec("INSERT INTO post SELECT n, 'a', now() + n * interval '1 h' FROM generate_series(1, 4) n");
  Settle();
  EXPECT_EQ(Times(), "1,2,3,4");
  Exec("UPDATE post SET published_at = now() + interval '9 h' WHERE id = 1");
  Exec("UPDATE post SET published_at = NULL WHERE id = 2");
  Exec("DELETE FROM post WHERE id = 3");
  Settle();
  EXPECT_EQ(Times(), "4,1");
}

TEST_F(RefreshAt, CatchesUpAfterDownTime) {
  ConfigurePosts();
  Start();
  Exec("INSERT INTO post SELECT n, 'a', now() + interval '1 h' FROM generate_series(1, 2500) n");
  Settle();
  EXPECT_TRUE(Documents("posts").empty());
  process_.reset();
  Exec("SET session_replication_role = replica");  // Without a trigger: only the time has come.
  ShiftClock();
  Exec("RESET session_replication_role");
  process_ = std::make_unique<testing::SyncProcess>(config_);
  process_->Start();
  AwaitText("SELECT count(*) FROM pgsluice.refresh_time", "0");
  Settle();
  EXPECT_EQ(Documents("posts").size(), 2500U);
}

TEST_F(RefreshAt, ADocumentLeavesTheShardThatItWasRoutedTo) {
  ConfigurePosts(R"(, "routing": "tenant", "settings": {"number_of_shards": 3})");
  Start();
  Exec(
      "INSERT INTO post SELECT n, 't' || n, NULL, now() + interval '1 h' FROM "
      "generate_series(1, 20) n");
  Settle();
  EXPECT_EQ(Documents("posts").size(), 20U);
  Exec("SET session_replication_role = replica");
  ShiftClock();
  Exec("RESET session_replication_role");
  AwaitText("SELECT count(*) FROM pgsluice.refresh_time", "0");
  Settle();
  EXPECT_TRUE(Documents("posts").empty());
}

TEST_F(RefreshAt, ATimeThatCannotBeComputedIsADeadLetter) {
  Exec("INSERT INTO post VALUES (1, 'a', NULL), (2, 'a', now() + interval '1 h')");
  ConfigureIndexes(R"({"indexes": {"posts": {"table": "post", "columns": ["id"],
      "refresh_at": "published_at + (1 / (id - 3)) * interval '1 s'"}}})");
  Start();
  Exec(
      "INSERT INTO post VALUES (3, 'a', now() + interval '1 h'), (4, 'a', now() + interval '1 h')");
  Settle();
  EXPECT_EQ(Times(), "2,4");
  EXPECT_EQ(Documents("posts").size(), 4U);
  AwaitText("SELECT string_agg(document_id, ',') FROM pgsluice.dead_letter", "3");
}

TEST_F(RefreshAt, IsForgottenWithTheOption) {
  ConfigurePosts();
  Start();
  Exec("INSERT INTO post VALUES (1, 'a', now() + interval '1 h')");
  Settle();
  EXPECT_EQ(Times(), "1");
  process_.reset();
  ConfigureIndexes(R"({"indexes": {"posts": {"table": "post", "columns": ["id"]}}})");
  process_ = std::make_unique<testing::SyncProcess>(config_);
  process_->Start();
  AwaitText("SELECT count(*) FROM pgsluice.refresh_time", "0");
}

}  // namespace
}  // namespace pgsluice
