// `pgsluice backfill`: reads whole tables again, at a rate, in any number of processes.

#include <gmock/gmock.h>

#include <csignal>

#include "pgsluice/json/value.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "support/command_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class Backfill : public testing::CommandTest {
 protected:
  void Items(int rows) {
    Exec("CREATE TABLE item (id int PRIMARY KEY, name text)");
    Exec("INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, " + std::to_string(rows) +
         ") n");
  }
  void ExpectItems() { ExpectIndex("item", "SELECT id::text, to_json(item) FROM item"); }
  sync::Progress ProgressNow() {
    return sync::ProgressOf(db_.session(), Alias("item") + "-000001");
  }
  /// Waits until this many rows were read.
  void WaitForRows(std::int64_t rows) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (ProgressNow().done < rows) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
};

TEST_F(Backfill, ReadsTheWholeTableAgainWithoutTheService) {
  Items(3000);
  Start();
  Settle();
  process_.reset();
  for (const auto& [method, id, body] : {std::tuple{"DELETE", "7", ""},
                                         {"PUT", "8", R"({"id":8,"__id":"8"})"},
                                         {"PUT", "9999", R"({"id":9999,"__id":"9999"})"}}) {
    ASSERT_LT(
        engine_->Send({.method = method, .path = "/" + Alias("item") + "/_doc/" + id, .body = body})
            .status,
        300);
  }
  // The engine assigned those versions itself, one above ours.
  for (int i = 0; i < 3; ++i) Exec("UPDATE item SET name = name WHERE id = 1");
  const testing::Outcome outcome = Run({"backfill", "item", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(R"({"index":"item","rows":3000,"seconds":)"));
  ExpectItems();
}

TEST_F(Backfill, CreatesAndFillsAnIndexThatDoesNotExist) {
  Items(500);
  db_.Migrate();
  Attach();
  const testing::Outcome outcome = Run({"backfill"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "item: 500 rows read\n");
  ExpectItems();
}

TEST_F(Backfill, ARateHoldsForAllProcessesAndNoTransactionIsOpenMeanwhile) {
  Items(20000);
  Start();
  Settle();
  const auto begin = std::chrono::steady_clock::now();
  const auto command = Begin({"backfill", "item", "--rate", "2000"});
  WaitForRows(2000);
  const auto seconds_so_far =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LT(static_cast<double>(ProgressNow().done), 2000 * (seconds_so_far + 3));
  const testing::Outcome status = Run({"status", "--json"});
  const json::Value answer = json::Parse(status.out);
  const json::Value* backfill = answer.Find({"indexes", "item", "backfill"});
  ASSERT_NE(backfill, nullptr) << status.out;
  EXPECT_GE(backfill->Find("done")->AsInt(), 2000);
  EXPECT_NEAR(static_cast<double>(*backfill->Find("total")->AsInt()), 20000, 2000);
  // At the rate, or slower on a busy machine.
  const auto left = *backfill->Find("total")->AsInt() - *backfill->Find("done")->AsInt();
  EXPECT_GE(*backfill->Find("eta_s")->AsInt(), left / 2000 - 3);
  EXPECT_LE(*backfill->Find("eta_s")->AsInt(), left / 50 + 3);
  EXPECT_EQ(answer.Find({"indexes", "item", "state"})->text, "backfilling");
  // The wait for the rate happens outside transactions.
  const std::string held =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
      "application_name = 'pgsluice backfill' AND xact_start < clock_timestamp() - interval '700 "
      "ms'";
  for (int i = 0; i < 20; ++i) {
    Exec("SELECT pg_sleep(0.05)");
    EXPECT_EQ(db_.Text(held), "0");
  }
  Exec("UPDATE item SET name = 'live' WHERE id = 19999");  // Live changes do not wait.
  const auto deadline = std::chrono::steady_clock::now() + seconds(5);
  while (Document("item", "19999").find("live") == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  command->Signal(SIGTERM);
  EXPECT_EQ(command->Wait(), 0);
  EXPECT_THAT(command->err(), HasSubstr("interrupted"));
  EXPECT_GT(ProgressNow().pieces_left, 0);
  // Without a rate, the rest is read at once.
  const testing::Outcome rest = Run({"backfill", "item"});
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_THAT(rest.err, HasSubstr("item: continuing an unfinished backfill"));
  EXPECT_EQ(rest.out, "item: 20000 rows read\n");
  ExpectItems();
}

TEST_F(Backfill, TheTimeOfAPortionIsPartOfTheRate) {
  Items(10);
  Start();
  Settle();
  const auto next_in = [&] {
    return std::stod(
        db_.Text("SELECT extract(epoch FROM backfill_next - clock_timestamp()) "
                 "FROM pgsluice.index_state WHERE index_name = 'item'"));
  };
  const auto keep = [&](std::int64_t rows, seconds took) {
    sync::BackfillTask task;
    task.index_name = "item";
    task.rate = 100;
    sync::KeepRate(db_.session(), task, {rows, false, took});
  };
  Exec("UPDATE pgsluice.index_state SET backfill_rate = 100, backfill_next = NULL");
  keep(6000, seconds(40));  // due in 60 s from its begin
  EXPECT_LE(next_in(), 20);
  EXPECT_GT(next_in(), -10);
  Exec("UPDATE pgsluice.index_state SET backfill_next = NULL");
  keep(100, seconds(30));  // Slower than the rate: the next one may begin, but without credit.
  EXPECT_LT(next_in(), 0);
  keep(6000, seconds(0));
  EXPECT_GT(next_in(), 30);
  Exec("UPDATE pgsluice.index_state SET backfill_rate = NULL, backfill_next = NULL");
}

TEST_F(Backfill, ViewsAndOrphansUnderARate) {
  Items(900);
  Exec("CREATE VIEW pair AS SELECT id / 2 AS pair, count(*) AS n FROM item GROUP BY 1");
  config::Index index;
  index.name = "pair";
  index.table = "pair";
  index.key = {"pair"};
  index.sources = {{"item", {{"id", "pair"}}}};
  config_.all_tables = false;
  config_.indexes = {index};
  Start();
  const std::string oracle = "SELECT v.pair::text, to_json(v) FROM pair v";
  ExpectIndex("pair", oracle);
  ASSERT_LT(engine_
                ->Send({.method = "PUT",
                        .path = "/" + Alias("pair") + "/_doc/99999",
                        .body = R"({"pair":99999,"__id":"99999"})"})
                .status,
            300);
  for (int i = 0; i < 3; ++i) Exec("UPDATE item SET name = name || '!' WHERE id = 1");
  const auto live = process_->service().registry().Current()->indexes.at("pair");
  EXPECT_TRUE(sync::BeginBackfill(db_.session(), *live, 1000));
  EXPECT_FALSE(sync::BeginBackfill(db_.session(), *live, 300));
  process_->service().RequestCheck();
  ExpectIndex("pair", oracle);
  EXPECT_EQ(sync::BackfilledRows(db_.session(), "pair"), 451);
}

TEST_F(Backfill, RowsAddedAtTheEndMeanwhileAreRead) {
  Items(10);
  Start();
  Settle();
  const auto live = process_->service().registry().Current()->indexes.at("item");
  process_.reset();
  EXPECT_TRUE(sync::BeginBackfill(db_.session(), *live, 0));
  // As if a process that does not know of this backfill had taken the events.
  Exec("INSERT INTO item SELECT n, 'later' FROM generate_series(11, 5000) n");
  Exec("DELETE FROM pgsluice.outbox");
  EXPECT_EQ(Run({"backfill"}).code, 0);
  ExpectItems();
}

TEST_F(Backfill, ATruncateDuringItIsNotForgotten) {
  config_.sync.workers = 1;
  Items(20);
  Start();
  Settle();
  process_.reset();
  const std::string piece =
      "INSERT INTO pgsluice.backfill (index_name, physical, relation, filenode, end_block, "
      "is_last, "
      "first_block, reached) SELECT index_name, physical, 'item'::regclass, "
      "pg_relation_filenode('item'), 1, true, ";
  // First the rows have to be read, then the ids, which TRUNCATE also needs.
  Exec(piece + "0, NULL FROM pgsluice.index_state; " + piece +
       "NULL, NULL FROM pgsluice.index_state");
  Exec(
      "TRUNCATE item; DELETE FROM pgsluice.outbox; INSERT INTO item VALUES (7, 'new'), (8, 'new')");
  Start();
  ExpectItems();
  process_.reset();
  // The ids were read up to the first of two, and continue after the TRUNCATE.
  Exec(piece + "NULL, '[[\"7\",1000000],[]]' FROM pgsluice.index_state");
  Exec(
      "UPDATE pgsluice.index_state SET backfill_rate = 1000, backfill_next = now() + interval '2 "
      "s'");
  Exec("TRUNCATE item");
  Start();
  ExpectItems();
}

TEST_F(Backfill, MistakesAreReportedBeforeAnythingIsDone) {
  Items(1);
  db_.Migrate();
  const testing::Outcome unknown = Run({"backfill", "itme"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("there is no index 'itme'"));
  EXPECT_THAT(unknown.err, HasSubstr("did you mean item?"));
  for (const char* rate : {"0", "-5", "fast", "1.5", ""}) {
    EXPECT_EQ(Run({"backfill", std::string("--rate=") + rate}).code, 2) << rate;
  }
}

}  // namespace
}  // namespace pgsluice
