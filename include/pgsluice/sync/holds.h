#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pgsluice/base/error.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::sync {

/// Indexes whose writes the engine refuses for the time being. Their changes and tasks wait for a
/// while, longer each time, and the other indexes continue. Thread-safe.
class Holds {
 public:
  using Clock = std::chrono::steady_clock;

  /// The engine's reason, and what to do about it.
  struct Cause {
    std::string reason, remedy;
  };

  /// Records that the engine refused a write of `index`.
  void Refused(const std::string& index, const Error& error);
  /// Records that the engine accepted a write of `index`.
  void Taken(const std::string& index);
  /// Returns whether the index is left alone now.
  bool Has(const std::string& index) const;
  /// Returns the indexes that are left alone now.
  std::vector<std::string> held() const;
  /// Returns the time until the first of them is tried again; nullopt if there are none.
  std::optional<std::chrono::milliseconds> UntilNext() const;
  /// Returns every index whose writes have been refused for at least this long, with the cause.
  /// Includes an index that is being tried again.
  std::map<std::string, Cause> causes(std::chrono::milliseconds at_least = {}) const;

 private:
  struct Hold {
    Cause cause;
    Clock::time_point since, until;
    std::chrono::milliseconds pause{0};
    int attempts = 0;
    bool logged = false;
  };
  mutable base::Mutex mutex_;
  std::map<std::string, Hold> holds_ PGSLUICE_GUARDED_BY(mutex_);
  /// When refusals of each index were last logged.
  std::map<std::string, Clock::time_point> logged_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::sync
