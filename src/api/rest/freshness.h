#pragma once

#include <chrono>
#include <set>
#include <string>

#include "pgsluice/api/server.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::api {

/// The position and the indexes that are being filled, as answers show them: a fifth of a second
/// old at most, so that searches do not ask the database. One caller asks, the others take what is
/// known; a database that does not answer is left alone for a while. Thread-safe.
class Freshness {
 public:
  explicit Freshness(SyncState* sync) : sync_(sync) {}

  /// "0" before anything is known.
  std::string Position();
  bool IsFilling(const std::string& index);

 private:
  void Look();

  using Clock = std::chrono::steady_clock;

  SyncState* const sync_;
  base::Mutex mutex_;
  std::string position_ PGSLUICE_GUARDED_BY(mutex_) = "0";
  std::set<std::string> filling_ PGSLUICE_GUARDED_BY(mutex_);
  Clock::time_point next_ PGSLUICE_GUARDED_BY(mutex_){};
  bool asking_ PGSLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace pgsluice::api
