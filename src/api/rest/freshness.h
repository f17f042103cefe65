#pragma once

#include <chrono>
#include <mutex>
#include <set>
#include <string>

#include "pgsluice/api/server.h"

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
  std::mutex mutex_;
  std::string position_ = "0";  // This and below: guarded by mutex_.
  std::set<std::string> filling_;
  Clock::time_point next_{};
  bool asking_ = false;
};

}  // namespace pgsluice::api
