#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pgsluice/base/error.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::sync {

/// Indexes that the engine refuses writes of for the time being. Their changes and tasks are left
/// where they are for a while, longer each time, and the other indexes go on. Thread-safe.
class Holds {
 public:
  using Clock = std::chrono::steady_clock;

  /// What the engine said of an index, and what to do about it.
  struct Cause {
    std::string reason, remedy;
  };

  /// The engine refused a write of `index`.
  void Refused(const std::string& index, const Error& error);
  /// The engine took a write of `index`.
  void Taken(const std::string& index);
  /// Whether the index is left alone now.
  bool Has(const std::string& index) const;
  /// The indexes that are left alone now.
  std::vector<std::string> held() const;
  /// Until the first of them is tried again; nullopt if there are none.
  std::optional<std::chrono::milliseconds> UntilNext() const;
  /// Every index whose writes have been refused for at least so long, with the cause, also while it
  /// is tried again.
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
  /// Refusals of each index.
  std::map<std::string, Clock::time_point> logged_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::sync
