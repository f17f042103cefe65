#include "pgsluice/outbox/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include "support/pg_sandbox.h"

namespace pgsluice::outbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() {
    db_.Migrate();
    session_ = std::make_unique<pg::Session>(db_.options());
  }
  /// Adds one event for source 1 with its own key.
  static void Write(pg::Session& session) {
    session.Exec("INSERT INTO pgsluice.outbox (source, keys) VALUES (1, '[[7]]')");
  }
  static std::vector<std::int64_t> Ids(const std::vector<Event>& events) {
    std::vector<std::int64_t> ids;
    for (const Event& event : events) ids.push_back(event.id);
    return ids;
  }

  ::pgsluice::testing::PgSandbox db_;
  std::unique_ptr<pg::Session> session_;
};

TEST_F(OutboxTest, EventsAreClaimedOldestFirstAndDeletedWhenAcknowledged) {
  Outbox outbox(*session_);
  outbox.Enqueue(3, {"[1, \"a\"]", "[2, null]"});
  session_->Exec("INSERT INTO pgsluice.outbox (source) VALUES (4)");
  {
    pg::Transaction transaction(*session_);
    const std::vector<Event> events = *outbox.Claim(10, 0, 0);
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[0].source, 3);
    EXPECT_EQ(events[0].key, "[1, \"a\"]");
    EXPECT_EQ(events[1].key, "[2, null]");
    EXPECT_EQ(events[2].key, "");  // TRUNCATE
    EXPECT_GT(events[2].captured_at_us, 1'700'000'000'000'000);
    EXPECT_EQ(events[0].id, events[1].id);  // One row for both.
    outbox.Ack({events[0].id});
    transaction.Commit();
  }
  EXPECT_TRUE(HasVisible(*session_, 0));
  EXPECT_EQ(ReadLag(*session_, 0).pending, 1);
}

TEST_F(OutboxTest, TwoSessionsNeverGetTheSameEventAndAKilledOneGivesItsBack) {
  for (int n = 0; n < 4; ++n) Write(*session_);
  pg::Session other_session(db_.options());
  const std::string pid(other_session.Exec("SELECT pg_backend_pid()").Text(0, 0));
  Outbox mine(*session_), other(other_session);
  other_session.Begin();
  EXPECT_THAT(Ids(*other.Claim(2, 0, 0)), ElementsAre(1, 2));
  pg::Transaction transaction(*session_);
  EXPECT_THAT(Ids(*mine.Claim(10, 0, 0)), ElementsAre(3, 4));
  db_.Exec("SELECT pg_terminate_backend(" + pid + ", 5000)");
  EXPECT_THAT(Ids(*mine.Claim(10, 0, 0)), ElementsAre(1, 2, 3, 4));
}

TEST_F(OutboxTest, OneSleeperAtATimeAndNoneWhileAWriterIsInFlight) {
  pg::Session other(db_.options());
  EXPECT_TRUE(TrySleep(*session_));
  EXPECT_FALSE(TrySleep(other));
  Awake(*session_);
  other.Exec("BEGIN; SELECT pg_try_advisory_xact_lock_shared(1886612588, 1)");
  EXPECT_FALSE(TrySleep(*session_));
  other.Rollback();
  EXPECT_TRUE(TrySleep(*session_));
}

TEST_F(OutboxTest, DeadLettersCountAttemptsAndAreRemoved) {
  Outbox outbox(*session_);
  outbox.RecordDeadLetter("a", "1", "[1]", "no date", 400);
  outbox.RecordDeadLetter("a", "1", "[1]", "still no date", 400);
  outbox.RecordDeadLetter("b", "x\"y", "[2]", "too long", 400);
  const std::vector<DeadLetter> letters = ListDeadLetters(*session_);
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].attempts, 2);
  EXPECT_EQ(letters[0].error, "still no date");
  EXPECT_TRUE(outbox.HasDeadLetters("b"));
  outbox.DropDeadLetters("b", {"x\"y", "other"});
  EXPECT_EQ(CountDeadLetters(*session_).count("b"), 0u);
  EXPECT_EQ(DiscardDeadLetters(*session_, {letters[0].id}), 1);
  EXPECT_THAT(ListDeadLetters(*session_), IsEmpty());
}

TEST_F(OutboxTest, TheFloorOfAFreshOutboxSkipsNothing) {
  Floor floor;
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (floor.value() == 0 && std::chrono::steady_clock::now() < end) floor.Advance(*session_);
  EXPECT_EQ(floor.value(), 1);
  Write(*session_);
  Outbox outbox(*session_);
  pg::Transaction transaction(*session_);
  EXPECT_THAT(Ids(*outbox.Claim(10, floor.value(), 0)), ElementsAre(1));
}

// A claim does not walk over events that wait for others, however many there are.
TEST_F(OutboxTest, TheFloorOfAnInterestPassesWhatIsLeftToOthers) {
  session_->Exec(
      "INSERT INTO pgsluice.outbox (source, keys, waiting_for) SELECT 7, '[[1]]', NULL FROM "
      "generate_series(1, 1000); INSERT INTO pgsluice.outbox (source, keys, waiting_for) SELECT 1, "
      "'[[1]]', '{b}' FROM generate_series(1, 1000)");
  const Interest interest{{7}, {"a"}, {"b"}};
  Floors floors(*session_);
  Outbox outbox(*session_);
  const auto from = [&](int generation) { return floors.From(1, generation, interest); };
  const auto pass = [&](std::int64_t id) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (from(0) < id && std::chrono::steady_clock::now() < end) floors.Advance();
    EXPECT_EQ(from(0), id);
  };
  pass(2001);
  Write(*session_);  // 2001 is ours.
  Write(*session_);
  pg::Session other_session(db_.options());
  Outbox other(other_session);
  pg::Transaction held(other_session);
  EXPECT_THAT(Ids(*other.Claim(1, from(0), 0, interest)), ElementsAre(2001));
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
  while (std::chrono::steady_clock::now() < end) floors.Advance();
  EXPECT_EQ(from(0), 2001);  // It may be given back.
  other.Ack({2001});
  held.Commit();
  pass(2002);
  {
    pg::Transaction transaction(*session_);
    EXPECT_THAT(Ids(*outbox.Claim(10, from(0), 0, interest)), ElementsAre(2002));
  }
  EXPECT_EQ(floors.From(1, 0, {}), 1);  // Nothing is left alone.
  EXPECT_EQ(from(1), 1);                // Other definitions are in force.
}

/// Takes ids, waits longer than the floor between its moves, and usually commits, so that lower ids
/// become visible after higher ones.
void WriteAtRandom(const pg::SessionOptions& options, unsigned seed, const std::stop_token& stop) {
  pg::Session session(options);
  std::minstd_rand random(seed);
  while (!stop.stop_requested()) {
    // Like an application's transaction, which has written a row before a trigger writes its key.
    session.Exec(
        "BEGIN; SELECT pg_current_xact_id(); INSERT INTO pgsluice.outbox (source, keys) SELECT 1, "
        "'[[1]]' FROM "
        "generate_series(1, "
        "3)");
    session.ExecParams("SELECT pg_sleep($1::float8)",
                       {std::to_string(static_cast<double>(random() % 700) / 1000)});
    session.Exec(random() % 10 == 0 ? "ROLLBACK" : "COMMIT");
  }
}

TEST_F(OutboxTest, TheFloorNeverPassesARetryThatHasItsIdButNoRowYet) {
  Outbox outbox(*session_);
  Write(*session_);  // The first of 32 ids is logged, so it also assigns a transaction id.
  session_->Exec("DELETE FROM pgsluice.outbox");
  outbox.RecordDeadLetter("a", "1", "[1]", "no date", 400);
  session_->Exec(
      "INSERT INTO pgsluice.index_state VALUES ('a', '', '', NULL, NULL, '', false, '', '', '', 1, "
      "'')");
  session_->Exec(
      "CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END'; "
      "CREATE TRIGGER hold BEFORE INSERT ON pgsluice.outbox FOR EACH ROW "
      "EXECUTE FUNCTION public.hold()");
  session_->Exec("SELECT pg_advisory_lock(42)");
  std::jthread retry([this] {
    pg::Session session(db_.options());
    RetryDeadLettersOf(session, "a");
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (db_.Text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 "
                  "AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = "
                  "current_database())") == "0" &&
         std::chrono::steady_clock::now() < deadline) {
  }
  Floor floor;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < end) floor.Advance(*session_);
  session_->Exec("SELECT pg_advisory_unlock(42)");
  retry.join();
  pg::Transaction transaction(*session_);
  EXPECT_EQ(outbox.Claim(10, floor.value(), 0)->size(), 1u);
}

TEST_F(OutboxTest, TheFloorNeverPassesAnEventThatMayStillAppear) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::vector<std::jthread> writers;
  for (unsigned n = 0; n < 16; ++n) {
    writers.emplace_back([this, seed, n](const std::stop_token& stop) {
      WriteAtRandom(db_.options(), seed + n, stop);
    });
  }
  Floor floor;
  Outbox outbox(*session_);
  std::int64_t highest = 0;
  const auto drain = [&] {
    pg::Transaction transaction(*session_);
    const std::vector<std::int64_t> ids = Ids(*outbox.Claim(500, floor.value(), 0));
    if (!ids.empty()) highest = std::max(highest, ids.back());
    outbox.Ack(ids);
    transaction.Commit();
    return !ids.empty();
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(4);
  while (std::chrono::steady_clock::now() < end) {
    drain();
    floor.Advance(*session_);
  }
  for (std::jthread& writer : writers) writer.request_stop();
  writers.clear();
  while (drain()) floor.Advance(*session_);
  EXPECT_EQ(db_.Text("SELECT count(*) FROM pgsluice.outbox"), "0") << "seed " << seed;
  EXPECT_GT(highest, 100);
  // Transactions of the whole server, including those of other tests, hold it back.
  const auto moved_by = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (floor.value() <= highest / 2 && std::chrono::steady_clock::now() < moved_by) {
    floor.Advance(*session_);
  }
  EXPECT_GT(floor.value(), highest / 2) << "it moves, seed " << seed;
}

}  // namespace
}  // namespace pgsluice::outbox
