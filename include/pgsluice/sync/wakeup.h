#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <stop_token>

#include "pgsluice/base/mutex.h"

namespace pgsluice::sync {

/// What comes after a round of work.
struct Next {
  std::chrono::milliseconds wait{0};  ///< For a call, at most; zero: there was work, go on.
  bool idle = true;                   ///< False: there may be work, but it cannot be done now.
};
inline constexpr Next kAgain{};
inline constexpr Next kUntilCalled{std::chrono::hours(24), true};
/// The indexes are not as this process knows them: until the schema watcher has looked.
inline constexpr Next kUntilLooked{std::chrono::hours(24), false};

/// Wakes workers when there may be work, and the sleeper when all workers are idle. A signal that
/// comes while a worker looks for work is not lost: the worker compares generations. Thread-safe.
class Wakeup {
 public:
  explicit Wakeup(int workers) : workers_(workers) {}

  /// To be read before looking for work, and given to WaitForWork().
  std::uint64_t generation() const;
  /// There may be work.
  void Signal();
  /// Counts the caller as idle until a Signal() after `seen`, stop, or the time is over; much less
  /// while other workers are busy, because nobody else looks for work until all are idle. A signal
  /// ends the wait of one worker: the others look soon if it stays busy.
  void WaitForWork(std::uint64_t seen, const std::stop_token& stop,
                   std::chrono::milliseconds at_most = std::chrono::hours(24));
  /// The same for who cannot work now although there is some: does not count as idle.
  void WaitForCall(std::uint64_t seen, const std::stop_token& stop,
                   std::chrono::milliseconds at_most);
  /// Waits until every worker is idle and no signal is on its way. False on stop.
  bool WaitUntilIdle(const std::stop_token& stop);

 private:
  mutable base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t generation_ PGSLUICE_GUARDED_BY(mutex_) = 0;
  const int workers_;
  /// A signal that nobody has answered by looking for work.
  bool call_ PGSLUICE_GUARDED_BY(mutex_) = false;
  int idle_ PGSLUICE_GUARDED_BY(mutex_) = 0;
};

/// Sleeps for `delay` unless stopped; false when stopped.
bool SleepUnlessStopped(std::chrono::milliseconds delay, const std::stop_token& stop);

}  // namespace pgsluice::sync
