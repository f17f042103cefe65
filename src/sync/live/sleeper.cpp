#include "sync/live/sleeper.h"

#include <algorithm>

#include "sync/live/router.h"
#include "sync/run_loop.h"

namespace pgsluice::sync {

namespace {

// Check the outbox at this interval even without a NOTIFY. A half-open connection delivers none,
// and only a statement finds that out.
constexpr int kFallbackMs = 15000;
// The pause while another session holds the lock: a writer in flight, whose event will be visible
// soon, or the sleeper of another process, which is woken by the same NOTIFY as this one.
constexpr int kShortestPollMs = 10, kLongestPollMs = 2000;
// Servers that allow prepared transactions send no NOTIFY, because it would make PREPARE
// TRANSACTION fail.
constexpr int kTwoPhasePollMs = 50;
// Writers do not send a NOTIFY either when the server's queue of notifications is half full,
// because their COMMIT would fail once it is full.
constexpr int kFullQueuePollMs = 1000;

class Sleeper {
 public:
  Sleeper(const Shared& shared, pg::Listener& listener)
      : shared_(shared), listener_(listener), session_(listener.session()), floors_(session_) {
    two_phase_ =
        session_.Exec("SELECT current_setting('max_prepared_transactions') <> '0'").Bool(0, 0);
    Visible();  // throws if the role may not look
  }

  /// Sleeps until there is work. Called when all workers are idle.
  void Sleep(const std::stop_token& stop) {
    int poll_ms = kShortestPollMs;
    while (!stop.stop_requested()) {
      if (!outbox::TrySleep(session_)) {
        if (listener_.Wait(poll_ms) || Visible()) break;
        poll_ms = std::min(poll_ms * 2, kLongestPollMs);
        continue;
      }
      SleepHoldingLock(stop);
      break;
    }
    shared_.work.Signal();
  }

 private:
  /// Returns whether an event for this process is visible.
  bool Visible() {
    const std::shared_ptr<const IndexSet> set = shared_.registry.Current();
    const outbox::Interest interest = InterestNow(*set, shared_.holds.held());
    const auto from = floors_.From(shared_.floor.value(), set->generation, interest);
    if (outbox::HasVisible(session_, from, interest)) return true;
    floors_.Advance();
    return false;
  }

  bool IsQueueFilling() {
    return session_.Exec("SELECT pg_catalog.pg_notification_queue_usage() > 0.25").Bool(0, 0);
  }

  /// Checks again first, with the lock held. A writer that committed before that sent no NOTIFY,
  /// but its event is visible now; a later writer fails to share the lock and sends one.
  void SleepHoldingLock(const std::stop_token& stop) {
    while (!stop.stop_requested() && !Visible()) {
      const int wait_ms = two_phase_         ? kTwoPhasePollMs
                          : IsQueueFilling() ? kFullQueuePollMs
                                             : kFallbackMs;
      if (listener_.Wait(wait_ms)) break;
    }
    shared_.work.Signal();  // first the work, then the lock
    outbox::Awake(session_);
  }

  const Shared& shared_;
  pg::Listener& listener_;
  pg::Session& session_;
  outbox::Floors floors_;
  bool two_phase_ = false;
};

}  // namespace

void RunSleeper(const Shared& shared, const std::stop_token& stop) {
  const void* self = &stop;
  const auto turn = [&](Backoff& backoff) {
    pg::SessionOptions options = shared.database;
    options.application_name = "pgsluice listen";
    pg::Listener listener(options, outbox::kChannel);
    const std::stop_callback interrupt(stop, [&] { listener.Interrupt(); });
    Sleeper sleeper(shared, listener);
    shared.monitor.Recovered("database", self);
    shared.work.Signal();  // what came while nobody listened
    backoff.Reset();
    while (shared.work.WaitUntilIdle(stop)) sleeper.Sleep(stop);
  };
  const auto failed = [&](const std::exception& error) {
    ReportTrouble(shared, error, true, self);
    shared.work.Signal();  // Nobody wakes the workers meanwhile: they look by themselves.
  };
  Persist(stop, Backoff(), turn, failed);
}

}  // namespace pgsluice::sync
