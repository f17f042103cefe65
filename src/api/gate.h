#pragma once

#include <atomic>

#include "pgsluice/query/problem.h"

namespace pgsluice::api {

/// How many requests run at once, and how many of them may wait for the sync. Those that wait do
/// not count as running: they can never starve searches. Thread-safe.
class Gate {
 public:
  static constexpr int kWaiting = 32;
  static constexpr int kExports = 4;

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

  /// A running export; throws Problem 503 when there are too many.
  class Exporting {
   public:
    explicit Exporting(Gate& gate) : gate_(gate) {
      if (gate_.exporting_.fetch_add(1) < kExports) return;
      gate_.exporting_.fetch_sub(1);
      throw query::Problem(503, "overloaded", "too many exports at once").RetryAfter(5);
    }
    ~Exporting() { gate_.exporting_.fetch_sub(1); }
    Exporting(const Exporting&) = delete;
    Exporting& operator=(const Exporting&) = delete;

   private:
    Gate& gate_;
  };

  /// The service is about to stop: nobody is to wait any longer.
  void Stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

 private:
  std::atomic<int> concurrent_;
  std::atomic<int> running_{0}, waiting_{0}, exporting_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace pgsluice::api
