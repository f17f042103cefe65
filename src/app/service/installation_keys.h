#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "pgsluice/base/mutex.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/pg/pool.h"
#include "pgsluice/query/cursor.h"

namespace pgsluice::app {

/// The keys for cursors that all processes of an installation share (`pgsluice.installation_key`).
/// Read again every ten seconds, and when a cursor names an unknown key. If the table cannot be
/// read, a key of this process is used, and cursors work only in this process. Thread-safe.
class InstallationKeys {
 public:
  InstallationKeys(pg::Pool& pool, observe::Registry& registry);
  std::shared_ptr<const query::CursorKeys> KeysFor(const std::string& cursor);

 private:
  using Clock = std::chrono::steady_clock;

  /// Returns null if the keys cannot be read now.
  std::shared_ptr<const query::CursorKeys> Read();
  void Report(const std::string& why, const std::string& remedy);

  pg::Pool& pool_;
  observe::Gauge& shared_;
  base::Mutex mutex_;
  std::shared_ptr<const query::CursorKeys> keys_ PGSLUICE_GUARDED_BY(mutex_);
  Clock::time_point read_ PGSLUICE_GUARDED_BY(mutex_){};
  bool reading_ PGSLUICE_GUARDED_BY(mutex_) = false;
  std::string trouble_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::app
