// What `wait`, `sync/wait`, `consistency=strong` and `after` wait for: all work that is needed to
// make everything committed until then searchable, including work that is not an event.

#include <gmock/gmock.h>

#include <csignal>
#include <thread>

#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/consistency.h"
#include "support/command_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Waits : public testing::CommandTest {
 protected:
  Waits() {
    const std::string listen = "127.0.0.1:" + std::to_string(testing::FreePort());
    more_config_ = R"(, "listen": ")" + listen + '"';
    http::ClientOptions options;
    options.urls = {"http://" + listen};
    api_ = http::MakeClient(options);
  }
  ~Waits() override { service_.reset(); }

  void Table(const std::string& name, int rows) {
    Exec("CREATE TABLE " + name + " (id int PRIMARY KEY, name text)");
    Exec("INSERT INTO " + name + " SELECT n, 'item ' || n FROM generate_series(1, " +
         std::to_string(rows) + ") n");
  }
  void Prepare() {
    db_.Migrate();
    Attach();
  }
  /// Runs `pgsluice run`.
  void Serve() {
    service_ = Begin({"run"});
    ASSERT_TRUE(service_->WaitForLine("running", seconds(60))) << service_->err();
  }
  http::Response Get(const std::string& path) {
    return api_->Send({.path = path, .body = {}, .timeout = seconds(60)});
  }
  std::string Token() { return db_.Text("SELECT pgsluice.position()"); }
  /// The value of `wait --timeout`.
  testing::Outcome Wait(const std::string& timeout) { return Run({"wait", "--timeout", timeout}); }
  /// Returns what the engine has now, without a refresh.
  std::int64_t Count(const std::string& index) { return engine_->Count(Alias(index)); }
  sync::Unfinished Unfinished(const std::string& token) {
    return sync::UnfinishedUpTo(db_.session(), std::stoll(token), {{"item"}, {}, {}});
  }

  std::unique_ptr<http::Transport> api_;
  std::unique_ptr<testing::Process> service_;
};

TEST_F(Waits, TheFirstCopyIsWaitedForByAnOrdinaryWait) {
  for (const char* name : {"a", "b", "c"}) Table(name, 20000);
  Prepare();
  service_ = Begin({"run"});  // At once, while it starts:
  const testing::Outcome waited = Wait("120s");
  EXPECT_EQ(waited.code, 0) << waited.err;
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(Count(name), 20000) << name;
}

TEST_F(Waits, TheFirstCopyIsWaitedForByReaders) {
  Table("item", 20000);
  Prepare();
  Serve();
  EXPECT_EQ(Get("/v1/sync/wait?after=0&wait=30s").status, 200);
  EXPECT_EQ(Count("item"), 20000);
  Exec("SELECT pgsluice.mark_gap('{item}')");  // Fill it again.
  const http::Response counted = Get("/v1/item/count?consistency=strong&wait=30s");
  EXPECT_EQ(counted.status, 200) << counted.body;
  EXPECT_THAT(counted.body, HasSubstr(R"("count":20000)"));
  EXPECT_THAT(counted.body, HasSubstr(R"("partial":false)"));
}

TEST_F(Waits, NoReaderSeesTruncatedRows) {
  Table("item", 3000);
  Prepare();
  Serve();
  ASSERT_EQ(Wait("60s").code, 0);
  int n = 0;
  for (const std::string fresh : {"strong", "after", "wait", "command"}) {
    SCOPED_TRACE(fresh);
    Exec("TRUNCATE item; INSERT INTO item VALUES (" + std::to_string(--n) + ", 'new')");
    const std::string token = Token();
    std::string reads = "consistency=strong&wait=30s";
    if (fresh == "after") reads = "after=" + token + "&wait=30s";
    if (fresh == "wait") {
      ASSERT_EQ(Get("/v1/sync/wait?wait=30s").status, 200);
    }
    if (fresh == "command") {
      ASSERT_EQ(Wait("60s").code, 0);
    }
    if (fresh == "wait" || fresh == "command") reads.clear();
    EXPECT_THAT(Get("/v1/item/count?" + reads).body, HasSubstr(R"("count":1,)"));
    Exec("INSERT INTO item SELECT n, 'more' FROM generate_series(1, 2000) n");
    ASSERT_EQ(Wait("60s").code, 0);
  }
}

TEST_F(Waits, AReadHasTheColumnsThatWereAddedBeforeIt) {
  Table("item", 10);
  Exec("CREATE TABLE child (PRIMARY KEY (id)) INHERITS (item); INSERT INTO child VALUES (20, 'c')");
  Prepare();
  Serve();
  ASSERT_EQ(Wait("60s").code, 0);
  int n = 0;
  for (const std::string path : {"/v1/item/search?per_page=1&", "/v1/item/docs/1?",
                                 "/v1/child/search?", "/v1/child/docs/20?"}) {
    for (const bool strong : {true, false}) {
      const std::string column = "w" + std::to_string(++n);
      SCOPED_TRACE(path + column);
      Exec("ALTER TABLE item ADD COLUMN " + column + " int DEFAULT 5");
      const std::string fresh = strong ? "consistency=strong" : "after=" + Token();
      const http::Response answer = Get(path + "wait=30s&" + fresh);
      EXPECT_EQ(answer.status, 200) << answer.body;
      EXPECT_THAT(answer.body, HasSubstr('"' + column + R"(":5)"));
    }
  }
}

TEST_F(Waits, AReadHasTheRowsOfATableThatJoinedItsTreeBeforeIt) {
  Exec("CREATE TABLE part (id int PRIMARY KEY, name text) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE low PARTITION OF part FOR VALUES FROM (0) TO (10)");
  Exec("INSERT INTO part VALUES (1, 'x')");
  Prepare();
  Serve();
  ASSERT_EQ(Wait("60s").code, 0);
  for (int n = 1; n < 4; ++n) {
    const std::string name = "t" + std::to_string(n);
    Exec("CREATE TABLE " + name + " (id int PRIMARY KEY, name text)");
    Exec("INSERT INTO " + name + " VALUES (" + std::to_string(n * 10) + ", 'was there')");
    Exec("ALTER TABLE part ATTACH PARTITION " + name + " FOR VALUES FROM (" +
         std::to_string(n * 10) + ") TO (" + std::to_string(n * 10 + 10) + ")");
    EXPECT_THAT(Get("/v1/part/count?consistency=strong&wait=30s").body,
                HasSubstr(R"("count":)" + std::to_string(n + 1)));
  }
  Exec("ALTER TABLE part DETACH PARTITION t2");
  EXPECT_THAT(Get("/v1/part/count?wait=30s&after=" + Token()).body, HasSubstr(R"("count":3)"));
}

TEST_F(Waits, ATokenOfTheFutureIsAnError) {
  Table("item", 10);
  Prepare();
  Serve();
  ASSERT_EQ(Wait("60s").code, 0);
  for (const std::string path : {"/v1/sync/wait?", "/v1/item/search?", "/v1/item/docs/1?"}) {
    const http::Response answer = Get(path + "after=99999999999&wait=1s");
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("invalid_parameter"));
    EXPECT_THAT(answer.body, HasSubstr("in the future"));
  }
  const testing::Outcome waited = Run({"wait", "--after", "99999999999"});
  EXPECT_EQ(waited.code, 2);
  EXPECT_THAT(waited.err, HasSubstr("in the future"));
}

TEST_F(Waits, WithoutAServiceTheCommandSaysWhatIsLeft) {
  Table("item", 10);
  Prepare();
  testing::Outcome waited = Wait("100ms");
  EXPECT_EQ(waited.code, 4);
  EXPECT_THAT(waited.err, HasSubstr("not created yet, or to be filled again: item"));
  EXPECT_THAT(waited.err, HasSubstr("pgsluice run"));
  Start();
  EXPECT_EQ(Wait("60s").code, 0);
  process_.reset();
  EXPECT_EQ(Wait("100ms").code, 0);
  Exec(
      "INSERT INTO pgsluice.backfill (index_name, physical, relation, filenode, end_block) "
      "SELECT index_name, physical, 0, 0, 0 FROM pgsluice.index_state");
  waited = Wait("100ms");
  EXPECT_EQ(waited.code, 4);
  EXPECT_THAT(waited.err, HasSubstr("for item"));
}

// Which tasks a position includes.
TEST_F(Waits, PositionsOfTasks) {
  Table("item", 100);
  Start();
  Settle();
  process_.reset();
  Exec("INSERT INTO item VALUES (1000, 'x'); DELETE FROM pgsluice.outbox");
  const auto index = [&] {
    sync::LiveIndex live;
    const pg::Result rows = db_.Exec("SELECT physical FROM pgsluice.index_state");
    auto plan = std::make_shared<plan::Plan>();
    plan->name = "item";
    plan->root = static_cast<std::uint32_t>(
        std::stoul(db_.Text("SELECT 'public.item'::regclass::oid::bigint")));
    live.plan = plan;
    live.alias = Alias("item");
    live.physical = rows.Text(0, 0);
    live.targets = {sync::Target{live.alias, live.physical}};
    return live;
  }();
  const std::string before = Token();
  EXPECT_FALSE(Unfinished(before).any());
  Exec("INSERT INTO item VALUES (1001, 'x'); DELETE FROM pgsluice.outbox");
  pg::Session& session = db_.session();
  sync::CreateWalk(session, index, sync::PresentPosition(session));
  EXPECT_FALSE(Unfinished(before).any());  // A later walk does not concern it.
  EXPECT_THAT(Unfinished(Token()).filling, ElementsAre("item"));
  sync::CreateWalk(session, index, std::stoll(before));  // For an event that was claimed late.
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.backfill"), "1");
  EXPECT_THAT(Unfinished(before).filling, ElementsAre("item"));
  Exec("DELETE FROM pgsluice.backfill");
  sync::CreateScan(session, index, true);  // A first copy,
  EXPECT_THAT(Unfinished("0").filling, ElementsAre("item"));
  sync::CreateScan(session, index, true, sync::PresentPosition(session));
  EXPECT_THAT(Unfinished("0").filling, ElementsAre("item"));  // which was not complete.
  Exec("UPDATE pgsluice.backfill SET position = NULL");
  EXPECT_THAT(Unfinished(Token()).filling, IsEmpty());
  // Tasks of an index that a reindex builds do not count.
  Exec("UPDATE pgsluice.backfill SET position = 0, physical = 'next'");
  Exec("UPDATE pgsluice.index_state SET building = 'next'");
  EXPECT_THAT(Unfinished(Token()).filling, IsEmpty());
  EXPECT_TRUE(Unfinished("99999999999").future);
}

struct TableChange {
  const char* sql;
  const char* index;
};
constexpr TableChange kTableChanges[] = {
    {"BEGIN; ALTER TABLE item RENAME TO old; ALTER TABLE other RENAME TO item; ALTER TABLE old "
     "RENAME "
     "TO other; COMMIT",
     "item"},
    {"CREATE TABLE fresh (id int PRIMARY KEY); INSERT INTO fresh SELECT generate_series(1, 50)",
     "fresh"},
    {"CREATE TABLE more PARTITION OF parted FOR VALUES FROM (100) TO (200); INSERT INTO parted "
     "SELECT "
     "generate_series(100, 120)",
     "parted"},
    {"ALTER TABLE item DISABLE TRIGGER USER; INSERT INTO item SELECT g, 'x' FROM "
     "generate_series(901, 920) g; ALTER TABLE item ENABLE TRIGGER USER",
     "item"},
    // Meanwhile the triggers do not find the key.
    {"ALTER TABLE other RENAME id TO n; INSERT INTO other SELECT g, 'x' FROM generate_series(800, "
     "820) g; ALTER TABLE other RENAME n TO id",
     "other"},
    {"BEGIN; DROP TABLE item; CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item SELECT "
     "generate_series(1, 77); COMMIT",
     "item"},
};

/// Tables are changed, and a reader waits at once.
class TableChanges : public Waits {
 protected:
  TableChanges() {
    Table("item", 20);
    Table("other", 30);
    Exec(
        "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id); "
        "CREATE TABLE part_a PARTITION OF parted FOR VALUES FROM (0) TO (100)");
    Prepare();
  }
  void Check(const std::function<void()>& wait) {
    wait();
    for (const TableChange& change : kTableChanges) {
      SCOPED_TRACE(change.sql);
      Exec("SET search_path = public; " + std::string(change.sql));
      wait();
      EXPECT_EQ(std::to_string(Count(change.index)),
                db_.Text("SELECT count(*) FROM public." + std::string(change.index)));
    }
  }
};

TEST_F(TableChanges, AreCheckedBeforeTheCommandReturns) {
  Serve();
  Check([&] { ASSERT_EQ(Wait("60s").code, 0); });
}

TEST_F(TableChanges, AreCheckedBeforeTheCommandReturnsWithoutAnApi) {
  service_ = Begin({"sync"});
  Check([&] {
    const testing::Outcome waited = Wait("60s");
    ASSERT_EQ(waited.code, 0) << waited.err;
  });
}

TEST_F(TableChanges, AreCheckedBeforeTheApiAnswers) {
  Serve();
  Check([&] { ASSERT_EQ(Get("/v1/sync/wait?wait=30s").status, 200); });
}

TEST_F(TableChanges, OfAnIndexAreCheckedByStrongReads) {
  Serve();
  ASSERT_EQ(Wait("60s").code, 0);
  for (int round = 0; round < 4; ++round) {
    Exec("SET search_path = public; " + std::string(kTableChanges[0].sql));
    const http::Response counted = Get("/v1/item/count?consistency=strong&wait=30s");
    EXPECT_THAT(counted.body,
                HasSubstr(R"("count":)" + db_.Text("SELECT count(*) FROM public.item") + ","));
  }
}

TEST_F(TableChanges, AreNotKnownIfNothingRuns) {
  Start();
  EXPECT_EQ(Wait("60s").code, 0);
  process_.reset();
  EXPECT_EQ(Wait("100ms").code, 0);
  Exec("ALTER TABLE item ADD COLUMN added int");
  const testing::Outcome waited = Wait("100ms");
  EXPECT_EQ(waited.code, 4);
  EXPECT_THAT(waited.err, HasSubstr("changed tables"));
  EXPECT_THAT(waited.err, HasSubstr("pgsluice run"));
}

// A reader of one index does not wait for events of another.
TEST_F(Waits, EventsOfOtherIndexes) {
  Table("item", 10);
  Table("other", 10);
  Start();
  Settle();
  const auto set = process_->service().registry().Current();
  process_.reset();
  Exec("UPDATE other SET name = 'x'");
  const std::int64_t position = std::stoll(Token());
  pg::Session& session = db_.session();
  EXPECT_FALSE(sync::UnfinishedUpTo(session, position, sync::ScopeOf(*set, "item")).any());
  EXPECT_TRUE(sync::UnfinishedUpTo(session, position, sync::ScopeOf(*set, "other")).events);
  EXPECT_TRUE(sync::UnfinishedUpTo(session, position, sync::ScopeOf(*set)).events);
}

// A killed process repeats the work of the last second or two, not the whole task.
TEST_F(Waits, AKilledCopyContinuesWhereItWas) {
  Table("item", 150000);
  Prepare();
  const auto progress = [&] {
    return sync::ProgressOf(db_.session(), Alias("item") + "-000001").done;
  };
  more_config_ += R"(, "sync": {"workers": 1})";
  service_ = Begin({"sync"});
  Await([&] { return progress() > 5000; });
  service_->Signal(SIGKILL);
  service_->Wait();
  EXPECT_GT(progress(), 5000);
  EXPECT_LT(progress(), 150000);
  const std::string rows = "SELECT sum(rows) FROM pgsluice.backfill WHERE next_block < end_block";
  EXPECT_NE(db_.Text(rows), "0");
  service_ = Begin({"sync"});
  EXPECT_EQ(Wait("120s").code, 0);
  EXPECT_EQ(Count("item"), 150000);
}

}  // namespace
}  // namespace pgsluice
