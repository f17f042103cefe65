#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "pgsluice/api/server.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::api {

/// The position and the indexes that are being filled, as answers show them. They are at most a
/// fifth of a second old, so that searches do not query the database. One caller queries, and the
/// others use the known values. A database that does not answer is left alone for a while, and does
/// not delay searches in indexes of another one. Thread-safe.
class Freshness {
 public:
  explicit Freshness(SyncState* sync) : sync_(sync) {}

  /// Returns "0" before anything is known; with several databases "shop:48213,crm:77".
  std::string Position();
  bool IsFilling(const std::string& index);

 private:
  using Clock = std::chrono::steady_clock;

  struct Known {
    std::string position = "0";
    std::set<std::string> filling;
    Clock::time_point next{};
    bool asking = false;
  };

  void Look(const std::string& database);

  SyncState* const sync_;
  base::Mutex mutex_;
  std::map<std::string, Known> known_ PGSLUICE_GUARDED_BY(mutex_);  ///< By database.
};

}  // namespace pgsluice::api
