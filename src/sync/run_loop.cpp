#include "sync/run_loop.h"

#include <algorithm>
#include <chrono>

#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/sync/advisory_lock.h"
#include "pgsluice/sync/bulk_writer.h"

namespace pgsluice::sync {

namespace {

// Less than deadlock_timeout (1 s): if a TRUNCATE of several tables and a batch that reads them one
// by one block each other, the batch gives up first, so that the server does not cancel the
// TRUNCATE.
constexpr int kLockTimeoutMs = 400;

// The second column: whether the server is behind what we have seen of it, or on another timeline,
// so that the indexes may hold changes that it lost. A restart of the same server does not count.
const pg::Statement kCheckEpoch{"check_epoch", R"sql(
  WITH before AS MATERIALIZED (
    SELECT pgsluice.version() < greatest(highest, $1::bigint)
           OR (server LIKE '%/%/%' AND
               pg_catalog.regexp_replace(server, '/[^/]*$', '') <>
               pg_catalog.regexp_replace(pgsluice.server_identity(), '/[^/]*$', '')) AS lost
    FROM pgsluice.state)
  SELECT pgsluice.check_epoch($1::bigint), lost FROM before)sql"};
// The empty config_hash matches no plan, so the schema watcher scans the tables and walks the ids.
const pg::Statement kFillAgain{
    "fill_again", "SELECT pgsluice.mark_gap(ARRAY(SELECT index_name FROM pgsluice.index_state))"};

/// Counts how long a lock of another session has been in the way. That is not a trouble until it
/// lasts, because each TRUNCATE and ALTER TABLE takes locks. A step that finds nothing to do does
/// not reset the count, because another worker may hold the events that wait for the lock.
class Patience {
 public:
  bool Has(const Error& error) {
    const auto* refused = dynamic_cast<const pg::SqlError*>(&error);
    if (refused == nullptr || !refused->IsOfLock()) return false;
    const auto now = Clock::now();
    const bool anew = ends_ == Clock::time_point() || now - refused_ > std::chrono::seconds(30);
    if (anew) ends_ = now + std::chrono::seconds(5);
    refused_ = now;
    return now < ends_;
  }
  void Renew() { ends_ = {}; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point refused_{}, ends_{};
};

// A connection on which nothing was sent for longer may be half open, and without a heartbeat that
// would show only when there is work.
constexpr std::chrono::milliseconds kHeartbeat{30'000};

/// Waits until there may be work, or the time is over.
void Rest(pg::Session& session, const Next& next, Wakeup& wakeup, std::uint64_t seen,
          const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + next.wait;
  while (true) {
    const auto begun = Clock::now();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - begun);
    const auto part = std::min(left, kHeartbeat);
    if (next.idle) {
      wakeup.WaitForWork(seen, stop, part);
    } else {
      wakeup.WaitForCall(seen, stop, part);
    }
    if (part == left || stop.stop_requested() || Clock::now() - begun < part) return;
    session.Exec("SELECT 1");
  }
}

}  // namespace

void ReportTrouble(const Shared& shared, const std::exception& error, bool lost, const void* by) {
  const auto* known = dynamic_cast<const Error*>(&error);
  const bool refused = dynamic_cast<const pg::SqlError*>(&error) != nullptr ||
                       dynamic_cast<const LockHeld*>(&error) != nullptr;
  const std::string part = lost ? "database" : known == nullptr || refused ? "sync" : "engine";
  // Every thread learns by its own work that the engine has recovered.
  shared.monitor.Trouble(part, known != nullptr ? known->Full() : error.what(),
                         part == "engine" ? nullptr : by);
}

std::unique_ptr<pg::Session> OpenSession(const Shared& shared, const std::string& name,
                                         int lock_timeout_ms) {
  pg::SessionOptions options = shared.database;
  options.application_name = name;
  options.lock_timeout_ms = lock_timeout_ms;
  auto session = std::make_unique<pg::Session>(options);
  const std::string issued = std::to_string(shared.monitor.highest_issued());
  pg::Transaction transaction(*session);
  const pg::Result epoch = session->Exec(kCheckEpoch, {issued});
  if (epoch.Bool(0, 0)) {
    observe::Log(observe::Level::kWarn, "sync",
                 "transaction ids went back, or this is another server. The epoch was raised, so "
                 "that new changes win over the documents in the indexes");
  }
  const bool lost = epoch.Bool(0, 0) && epoch.Bool(0, 1);
  if (lost) {
    observe::Log(observe::Level::kWarn, "sync",
                 "the server may have lost transactions that are already in the indexes, so every "
                 "index is compared and filled again");
    session->Exec(kFillAgain);
  }
  transaction.Commit();
  shared.floor.Reset();
  if (lost) shared.request_check();
  return session;
}

void Persist(const std::stop_token& stop, Backoff backoff,
             const std::function<void(Backoff&)>& turn,
             const std::function<void(const std::exception&)>& failed) {
  while (!stop.stop_requested()) {
    try {
      turn(backoff);
      continue;
    } catch (const std::exception& error) {
      failed(error);
    }
    SleepUnlessStopped(backoff.Next(), stop);
  }
}

void RunLoop(const Shared& shared, const std::string& name, Wakeup& wakeup,
             const std::stop_token& stop, const std::function<Step(pg::Session&)>& make_step) {
  std::unique_ptr<pg::Session> session;
  Step step;
  Patience patience;
  const auto turn = [&](Backoff& backoff) {
    const std::uint64_t seen = wakeup.generation();
    if (!session) {
      step = nullptr;
      session = OpenSession(shared, name, kLockTimeoutMs);
    }
    if (!step) step = make_step(*session);
    const Next next = step();
    backoff.Reset();
    shared.monitor.Recovered("database", &session);
    if (next.wait.count() > 0) return Rest(*session, next, wakeup, seen, stop);
    patience.Renew();
    shared.monitor.Recovered("sync", &session);
  };
  const auto failed = [&](const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    const bool missing = dynamic_cast<const IndexMissing*>(&error) != nullptr;
    const bool lost = !missing && (session == nullptr || session->broken());
    if (known == nullptr || !patience.Has(*known)) ReportTrouble(shared, error, lost, &session);
    // A statement that no longer fits the tables, because the schema changed.
    const bool misfit = known != nullptr && !lost && known->disposition() == Disposition::kReject;
    if (missing || misfit) shared.request_check();
    if (session && session->broken()) session.reset();
  };
  Persist(stop, Backoff(), turn, failed);
}

}  // namespace pgsluice::sync
