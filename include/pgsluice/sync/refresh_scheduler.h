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

/// Refreshes indexes as soon as that pays. A worker that has emptied the queue requests a refresh
/// of its indexes. The refresh runs at once if the last one of that index is old enough, otherwise
/// as soon as it is. Under a backlog no worker requests any, and only the index's refresh_interval
/// counts. RequestRefresh() is thread-safe.
class RefreshScheduler {
 public:
  explicit RefreshScheduler(engine::Engine& engine) : engine_(engine) {}

  /// `changes`: number of documents written since the last call.
  void RequestRefresh(const std::string& alias, std::size_t changes);
  /// Called by bulk writers. Blocks while a refresh runs (1 s at most), because other changes are
  /// waiting for that refresh. Returns whether any index was refreshed within the last second.
  /// Thread-safe.
  bool YieldToRefresh();
  /// Runs until stopped.
  void Run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  struct Index {
    std::size_t changes = 0;  ///< Waiting for the next refresh.
    int many_in_a_row = 0;    ///< Refreshes of many changes in a row.
    Clock::time_point rests_until;
  };

  engine::Engine& engine_;
  base::Mutex mutex_;
  std::condition_variable_any requested_;
  std::condition_variable_any refreshed_;
  bool refreshing_ PGSLUICE_GUARDED_BY(mutex_) = false;
  Clock::time_point last_refreshed_ PGSLUICE_GUARDED_BY(mutex_);
  /// Requested refreshes, and when they may run at the earliest.
  std::map<std::string, Clock::time_point> due_ PGSLUICE_GUARDED_BY(mutex_);
  std::map<std::string, Index> indexes_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::sync
