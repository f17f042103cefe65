// What the schema watcher samples, even if it is idle.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "pgsluice/sync/index_manager.h"
#include "support/sync_fixture.h"

namespace pgsluice {
namespace {

class SchemaWatcher : public testing::SyncTest {
 protected:
  void AwaitPending(const std::string& value) {
    const std::string line = "\npgsluice_outbox_pending " + value + "\n";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (process_->registry().Text().find(line) == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "never" << line;
    }
  }
};

TEST_F(SchemaWatcher, ReportsThatWorkIsDoneAlthoughNothingElseChanges) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, n int)");
  Start();
  Exec("INSERT INTO item VALUES (1, 1)");
  Settle();
  AwaitPending("0");
  pg::Session blocker(db_.options());
  blocker.Exec("BEGIN; LOCK TABLE public.item IN ACCESS EXCLUSIVE MODE");
  // An event without a change of the table, which a reader has to wait for.
  Exec(
      "INSERT INTO pgsluice.outbox (source, keys) "
      "SELECT max(id), '[[1]]' FROM pgsluice.source WHERE is_current");
  AwaitPending("1");
  blocker.Exec("COMMIT");
  Settle();
  AwaitPending("0");
}

TEST_F(SchemaWatcher, ChecksMoreIndexesThanARequestLineCanName) {
  config_.elasticsearch.index_prefix = prefix_ + std::string(120, 'x') + "-";
  for (int i = 10; i < 32; ++i) {
    const std::string table = "t" + std::string(58, 'y') + std::to_string(i);
    Exec("CREATE TABLE " + table + " (id int PRIMARY KEY)");
  }
  Start();
  Settle();
  sync::IndexManager manager(config_, *engine_);
  EXPECT_TRUE(manager.Intact(*process_->service().registry().Current()));
}

}  // namespace
}  // namespace pgsluice
