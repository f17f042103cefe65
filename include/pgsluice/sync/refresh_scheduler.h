#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <set>
#include <stop_token>
#include <string>

#include "pgsluice/base/mutex.h"
#include "pgsluice/engine/engine.h"

namespace pgsluice::sync {

/// Adaptive refresh: a worker that drained the queue asks for the index to be made searchable; that
/// happens at once when the last refresh of it is old enough, else as soon as it is. Under backlog
/// nobody drains, and the index's refresh_interval alone counts. RequestRefresh() is thread-safe.
class RefreshScheduler {
 public:
  explicit RefreshScheduler(engine::Engine& engine) : engine_(engine) {}

  /// `changes`: how many were written since the last call.
  void RequestRefresh(const std::string& alias, std::size_t changes);
  /// Waits while an index is being refreshed, for a second at most. For who writes very much: the
  /// refresh is what changes beside it wait for, and so it has the engine to itself. Answers
  /// whether anything was refreshed within the last second. Thread-safe.
  bool YieldToRefresh();
  /// Runs until stopped.
  void Run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  struct Index {
    std::size_t changes = 0;  ///< That wait for the next refresh.
    int many_in_a_row = 0;    ///< Refreshes of many changes.
    Clock::time_point rests_until;
  };

  engine::Engine& engine_;
  base::Mutex mutex_;
  std::condition_variable_any requested_;
  std::condition_variable_any refreshed_;
  bool refreshing_ PGSLUICE_GUARDED_BY(mutex_) = false;
  Clock::time_point last_refreshed_ PGSLUICE_GUARDED_BY(mutex_);
  /// Wanted, and when at the earliest.
  std::map<std::string, Clock::time_point> due_ PGSLUICE_GUARDED_BY(mutex_);
  std::map<std::string, Index> indexes_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::sync
