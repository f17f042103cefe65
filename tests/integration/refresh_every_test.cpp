// Views that are read again at intervals, without triggers.

#include <gtest/gtest.h>

#include <thread>

#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

class RefreshEvery : public testing::SyncTest {
 protected:
  void SetUp() override {
    Exec("CREATE TABLE sale (id int PRIMARY KEY, shop int, amount int)");
    Exec("INSERT INTO sale SELECT n, n % 5, n FROM generate_series(1, 100) n");
  }
  static constexpr const char* kIndexes = R"({"indexes": {"shops": {"table": "shops",
      "key": ["shop"], "refresh_every": "1s"}}})";
  static constexpr const char* kSums =
      "SELECT shop, sum(amount)::int AS total FROM sale GROUP BY 1";
  /// Waits until a document has this content.
  void Await(const std::string& id, const std::string& document) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (Document("shops", id) != document) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << Document("shops", id);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::string Version(const std::string& id) {
    const http::Response response = engine_->Send(
        {.path = "/" + Alias("shops") + "/_doc/" + id + "?filter_path=_version", .body = {}});
    return response.body;
  }
  /// Changes one shop, removes another one, and checks the index.
  void ExpectChanges(const std::string& refresh) {
    Settle();
    const std::string unchanged = Version("3");
    Exec("DELETE FROM sale WHERE shop = 0");
    Exec("UPDATE sale SET amount = 0 WHERE shop = 1");
    Exec(refresh);
    Await("0", "");
    Await("1", R"({"shop":1,"total":0,})");
    EXPECT_EQ(Version("3"), unchanged);
    ExpectIndex("shops",
                "SELECT shop::text, json_build_object('shop', shop, 'total', total) FROM shops");
  }
};

TEST_F(RefreshEvery, WritesWhatDiffersInAMaterializedView) {
  Exec(std::string("CREATE MATERIALIZED VIEW shops AS ") + kSums);
  ConfigureIndexes(kIndexes);
  Start();
  ExpectChanges("REFRESH MATERIALIZED VIEW shops");
}

TEST_F(RefreshEvery, WritesWhatDiffersInAView) {
  Exec(std::string("CREATE VIEW shops AS ") + kSums);
  ConfigureIndexes(kIndexes);
  Start();
  ExpectChanges("SELECT 1");
}

TEST_F(RefreshEvery, ContinuesAfterARestart) {
  Exec(std::string("CREATE VIEW shops AS ") + kSums);
  ConfigureIndexes(kIndexes);
  Start();
  Settle();
  process_.reset();
  Exec("UPDATE sale SET amount = 0 WHERE shop = 1");
  process_ = std::make_unique<testing::SyncProcess>(config_);
  process_->Start();
  Await("1", R"({"shop":1,"total":0,})");
}

}  // namespace
}  // namespace pgsluice
