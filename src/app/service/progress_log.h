#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>

#include "pgsluice/pg/pool.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::app {

/// Logs the progress of copies: rows, rate and time left of each index that is being filled, when
/// it begins and every ten seconds.
class ProgressLog {
 public:
  ProgressLog(const sync::IndexRegistry& registry, pg::Pool& pool)
      : registry_(registry), pool_(pool) {}

  /// Blocks until stopped.
  void Run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct Seen {
    Clock::time_point at;
    std::int64_t done = 0;
  };

  void Look();
  void Report(const std::string& index, const std::string& physical);

  const sync::IndexRegistry& registry_;
  pg::Pool& pool_;
  std::map<std::string, Seen> seen_;  ///< By physical index.
};

}  // namespace pgsluice::app
