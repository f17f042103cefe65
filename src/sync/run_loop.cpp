#include <algorithm>
#include <chrono>

#include "pgsluice/pg/sql_error.h"
#include "pgsluice/sync/worker.h"
#include "pgsluice/sync/writer.h"

namespace pgsluice::sync {

namespace {

// Less than deadlock_timeout (1 s): of a TRUNCATE of several tables and a batch that reads them one
// by one, the batch gives way, before the server would choose between them.
constexpr int kLockTimeoutMs = 400;

/// Locks of others are no trouble until they last: each TRUNCATE and ALTER TABLE takes some.
class Patience {
 public:
  bool Has(const Error& error) {
    const auto* refused = dynamic_cast<const pg::SqlError*>(&error);
    if (refused == nullptr || !refused->IsOfLock()) return false;
    const auto now = Clock::now();
    if (ends_ == Clock::time_point()) ends_ = now + std::chrono::seconds(5);
    return now < ends_;
  }
  void Renew() { ends_ = {}; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point ends_;
};

// A connection that nothing is sent on for longer may be half open, which would be found out when
// there is work.
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

void RunLoop(const Shared& shared, const std::string& name, Wakeup& wakeup,
             const std::stop_token& stop, const std::function<Step(pg::Session&)>& make_step) {
  std::unique_ptr<pg::Session> session;
  Step step;
  Backoff backoff;
  Patience patience;
  while (!stop.stop_requested()) {
    const std::uint64_t seen = wakeup.generation();
    try {
      if (!session) {
        session = OpenSession(shared, name, kLockTimeoutMs);
        step = make_step(*session);
      }
      const Next next = step();
      patience.Renew();
      if (next.wait.count() == 0) {
        backoff.Reset();
        shared.monitor.Recovered("sync");
      } else {
        Rest(*session, next, wakeup, seen, stop);
      }
      continue;
    } catch (const IndexMissing& missing) {
      shared.monitor.Trouble("engine", missing.Full());
      shared.look_again();
    } catch (const Error& error) {
      const bool lost = session == nullptr || session->broken();
      if (!patience.Has(error)) shared.monitor.Trouble(PartOf(error, lost), error.Full());
      // A statement that no longer fits the tables: the schema changed.
      if (!lost && error.disposition() == Disposition::kReject) shared.look_again();
    } catch (const std::exception& error) {
      shared.monitor.Trouble("sync", error.what());
    }
    if (session && session->broken()) session.reset();
    SleepUnlessStopped(backoff.Next(), stop);
  }
}

}  // namespace pgsluice::sync
