// The comparison of whole indexes in the background.

#include <gmock/gmock.h>

#include <thread>

#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class Audit : public testing::SyncTest {
 protected:
  void SetUp() override {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text)");
    Exec("INSERT INTO item SELECT n, 'name ' || n FROM generate_series(1, 300) n");
    ConfigureIndexes(R"({"indexes": {"item": {"table": "item"}}})");
  }
  /// Restarts the comparison, which checks everything at once.
  void StartAudit(bool repair) {
    process_.reset();
    config_.verify = config::Verify{1'000'000, repair};
    process_ = std::make_unique<testing::SyncProcess>(config_);
    process_->Start();
  }
  void Damage(const std::string& method, const std::string& id, const std::string& body = {}) {
    const http::Response response = engine_->Send(
        {.method = method, .path = "/" + Alias("item") + "/_doc/" + id, .body = body});
    ASSERT_LT(response.status, 300) << response.body;
  }
  /// Makes one difference of every kind.
  void DamageAll() {
    Damage("DELETE", "7");
    Damage("PUT", "8", R"({"id":8,"name":"old","__id":"8"})");
    Damage("PUT", "9999", R"({"id":9999,"name":"no row","__id":"9999"})");
    Damage("PUT", "not-a-key", R"({"id":1,"name":"no row can have it","__id":"not-a-key"})");
  }
  /// Waits for a complete pass and returns "compared differences repaired".
  std::string AwaitPass() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(90);
    while (db_.Text("SELECT count(*) FROM pgsluice.pass WHERE complete_at IS NOT NULL") == "0") {
      if (std::chrono::steady_clock::now() > deadline) return "no pass was complete";
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return db_.Text(
        "SELECT concat_ws(' ', complete_compared, complete_differences, complete_repaired) "
        "FROM pgsluice.pass");
  }
  void ExpectIndexIsRight() {
    ExpectIndex("item", "SELECT id::text, json_build_object('id', id, 'name', name) FROM item");
  }
};

TEST_F(Audit, FindsAndRepairsEveryKindWithinOnePass) {
  Start();
  Settle();
  DamageAll();
  StartAudit(true);
  EXPECT_EQ(AwaitPass(), "300 4 4");
  ExpectIndexIsRight();
  const std::string metrics = process_->registry().Text();
  for (const char* line : {R"(pgsluice_verify_differences_total{index="item",kind="missing"} 1)",
                           R"(pgsluice_verify_differences_total{index="item",kind="stale"} 1)",
                           R"(pgsluice_verify_differences_total{index="item",kind="orphan"} 2)"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
}

TEST_F(Audit, LeavesWhatDiffersIfItMayNotRepair) {
  Start();
  Settle();
  DamageAll();
  StartAudit(false);
  EXPECT_EQ(AwaitPass(), "300 4 0");
  EXPECT_EQ(Document("item", "7"), "");
}

TEST_F(Audit, ReportsNothingThatIsInFlight) {
  Start();
  Settle();
  std::jthread writer([&](const std::stop_token& stop) {
    pg::Session session(db_.options());
    while (!stop.stop_requested()) {
      session.Exec("UPDATE public.item SET name = random() WHERE id % 50 = 0");
    }
  });
  StartAudit(true);
  // A row that moves to another block may be compared twice.
  EXPECT_THAT(AwaitPass(), EndsWith(" 0 0"));
}

TEST_F(Audit, ContinuesWhereAnotherProcessStopped) {
  Start();
  Settle();
  StartAudit(true);
  EXPECT_EQ(AwaitPass(), "300 0 0");
  process_.reset();
  Exec("UPDATE pgsluice.pass SET stage = 'ids', compared = 77, complete_at = NULL");
  StartAudit(true);
  EXPECT_EQ(AwaitPass(), "77 0 0");
}

TEST_F(Audit, ComparesEveryPartitionOnce) {
  Exec("DROP TABLE item");
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE item_a PARTITION OF item FOR VALUES FROM (1) TO (100)");
  Exec("CREATE TABLE item_b PARTITION OF item FOR VALUES FROM (100) TO (1000)");
  Exec("INSERT INTO item SELECT n, 'name ' || n FROM generate_series(1, 300) n");
  Start();
  Settle();
  DamageAll();
  StartAudit(true);
  EXPECT_EQ(AwaitPass(), "300 4 4");
  ExpectIndexIsRight();
}

}  // namespace
}  // namespace pgsluice
