#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <optional>
#include <set>
#include <string_view>

#include "pgsluice/base/mutex.h"
#include "pgsluice/query/problem.h"

namespace pgsluice::api {

/// Limits how many requests run at once, and how many of them may wait for the sync. Waiting
/// requests do not count as running, so they can never starve searches. Thread-safe.
class Gate {
 public:
  static constexpr int kWaiting = 32;
  static constexpr int kExports = 4;
  using Clock = std::chrono::steady_clock;

  explicit Gate(int concurrent) : concurrent_(concurrent) {}

  void SetConcurrent(int concurrent) { concurrent_ = concurrent; }

  /// One running request. Throws Problem 503 overloaded if there are too many.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate) {
      if (gate_.running_.fetch_add(1) < gate_.concurrent_) return;
      gate_.running_.fetch_sub(1);
      throw query::Problem(503, "overloaded", "too many requests at once").RetryAfter(1);
    }
    ~Pass() { gate_.running_.fetch_sub(1); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    Gate& gate_;
  };

  /// While it exists, the request that holds a Pass counts as waiting instead of running. Throws
  /// Problem 503.
  class Waiting {
   public:
    explicit Waiting(Gate& gate) : gate_(gate) {
      if (gate_.waiting_.fetch_add(1) >= kWaiting) {
        gate_.waiting_.fetch_sub(1);
        throw query::Problem(503, "overloaded", "too many requests wait for the sync")
            .RetryAfter(1);
      }
      gate_.running_.fetch_sub(1);
    }
    ~Waiting() {
      gate_.running_.fetch_add(1);
      gate_.waiting_.fetch_sub(1);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    Gate& gate_;
  };

  /// A running export. If there are too many, one whose caller does not read is cut in favour of
  /// the new one; if all callers read, throws Problem 503.
  class Exporting {
   public:
    /// `socket`: the caller's.
    Exporting(Gate& gate, int socket);
    ~Exporting();
    Exporting(const Exporting&) = delete;
    Exporting& operator=(const Exporting&) = delete;

    /// Sends a piece in parts, so that a caller that reads slowly is not mistaken for one that does
    /// not read.
    void Send(std::string_view piece, const std::function<void(std::string_view)>& sink);

   private:
    friend class Gate;
    Gate& gate_;
    const int socket_;
    std::optional<Clock::time_point> sending_since_;  // Guarded by the gate's mutex.
  };

  /// Announces that the service is about to stop, so that no request waits any longer.
  void Stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

 private:
  std::atomic<int> concurrent_;
  std::atomic<int> running_{0}, waiting_{0};
  std::atomic<bool> stopping_{false};

  /// Makes room for an export. Returns false if every export makes progress.
  bool CutStalledExport() PGSLUICE_REQUIRES(mutex_);

  base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::set<Exporting*> exports_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::api
