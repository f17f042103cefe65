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

/// How many requests run at once, and how many of them may wait for the sync. Those that wait do
/// not count as running: they can never starve searches. Thread-safe.
class Gate {
 public:
  static constexpr int kWaiting = 32;
  static constexpr int kExports = 4;
  using Clock = std::chrono::steady_clock;

  explicit Gate(int concurrent) : concurrent_(concurrent) {}

  void SetConcurrent(int concurrent) { concurrent_ = concurrent; }

  /// One request that runs; throws Problem 503 overloaded when there are too many.
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

  /// While this lives, the request that holds a Pass waits instead of running. Throws Problem 503.
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

  /// A running export. If there are too many, one whose caller reads nothing is cut in favour of
  /// the new one; if there is none, throws Problem 503.
  class Exporting {
   public:
    /// `socket`: the caller's.
    Exporting(Gate& gate, int socket);
    ~Exporting();
    Exporting(const Exporting&) = delete;
    Exporting& operator=(const Exporting&) = delete;

    /// Sends a piece in parts, so that a caller that reads slowly, but reads, is not taken for one
    /// that does not.
    void Send(std::string_view piece, const std::function<void(std::string_view)>& sink);

   private:
    friend class Gate;
    Gate& gate_;
    const int socket_;
    std::optional<Clock::time_point> sending_since_;  // Guarded by the gate's mutex.
  };

  /// The service is about to stop: nobody is to wait any longer.
  void Stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

 private:
  std::atomic<int> concurrent_;
  std::atomic<int> running_{0}, waiting_{0};
  std::atomic<bool> stopping_{false};

  /// Makes room for an export. Returns false if every export gets on.
  bool CutStalledExport() PGSLUICE_REQUIRES(mutex_);

  base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::set<Exporting*> exports_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::api
