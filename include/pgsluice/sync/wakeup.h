#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <stop_token>

#include "pgsluice/base/mutex.h"

namespace pgsluice::sync {

/// What a thread does after a round of work.
struct Next {
  std::chrono::milliseconds wait{0};  ///< At most, for a signal; zero: there was work, continue.
  bool idle = true;                   ///< False: there may be work, but it cannot be done now.
};
inline constexpr Next kAgain{};
inline constexpr Next kUntilCalled{std::chrono::hours(24), true};
/// The indexes differ from what this process knows: wait until the schema watcher has checked them.
inline constexpr Next kUntilLooked{std::chrono::hours(24), false};

/// Wakes workers when there may be work, and the sleeper when all workers are idle. A signal that
/// arrives while a worker looks for work is not lost, because the worker compares generations.
/// Thread-safe.
class Wakeup {
 public:
  explicit Wakeup(int workers) : workers_(workers) {}

  /// Returns the generation to pass to WaitForWork(). Read it before looking for work.
  std::uint64_t generation() const;
  /// Wakes a worker, because there may be work.
  void Signal();
  /// Waits for a Signal() after `seen`, a stop, or the end of the time. The caller counts as idle
  /// meanwhile. While other workers are busy it waits only briefly, because no thread listens for
  /// new work until all workers are idle. A signal ends the wait of one worker; the others check
  /// soon if that one stays busy.
  void WaitForWork(std::uint64_t seen, const std::stop_token& stop,
                   std::chrono::milliseconds at_most = std::chrono::hours(24));
  /// Like WaitForWork(), for a worker that is blocked although work exists. The caller does not
  /// count as idle.
  void WaitForCall(std::uint64_t seen, const std::stop_token& stop,
                   std::chrono::milliseconds at_most);
  /// Waits until every worker is idle and no signal is pending. Returns false on a stop.
  bool WaitUntilIdle(const std::stop_token& stop);

 private:
  mutable base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t generation_ PGSLUICE_GUARDED_BY(mutex_) = 0;
  const int workers_;
  /// A signal that no worker has followed yet by looking for work.
  bool call_ PGSLUICE_GUARDED_BY(mutex_) = false;
  int idle_ PGSLUICE_GUARDED_BY(mutex_) = 0;
};

/// Sleeps for `delay` unless stopped. Returns false if stopped.
bool SleepUnlessStopped(std::chrono::milliseconds delay, const std::stop_token& stop);

}  // namespace pgsluice::sync
