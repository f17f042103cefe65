#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "pgsluice/pg/pool.h"
#include "pgsluice/sync/monitor.h"

namespace pgsluice::sync {

/// How far the sync is, for readers that want to see a commit. Works in the process that syncs and
/// in one that only serves: it asks the database, because several processes may share the outbox.
/// Thread-safe.
class Consistency {
 public:
  Consistency(pg::Pool& pool, Monitor& monitor) : pool_(pool), monitor_(monitor) {}

  /// A token at or above every event committed before the call.
  std::string Position();
  /// Waits until no visible event at or below the token is left in the outbox, at most until
  /// `deadline`; false when that passed. Throws Error(kReject) for something that is no token.
  bool WaitUntilApplied(const std::string& token, std::chrono::steady_clock::time_point deadline);

  std::int64_t pending() const { return static_cast<std::int64_t>(monitor_.pending.value()); }
  std::int64_t lag_ms() const {
    return static_cast<std::int64_t>(monitor_.lag_seconds.value() * 1000);
  }

 private:
  pg::Pool& pool_;
  Monitor& monitor_;
};

}  // namespace pgsluice::sync
