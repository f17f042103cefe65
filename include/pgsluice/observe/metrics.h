#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/base/mutex.h"

/// Prometheus metrics (text format 0.0.4). A metric is created once and lives as long as its
/// registry. Updating it is lock-free and allowed on any thread.
namespace pgsluice::observe {

class Counter {
 public:
  void Add(double by = 1);
  double value() const;

 private:
  std::atomic<double> value_{0};
};

class Gauge {
 public:
  void Set(double value);
  void Add(double by);
  double value() const;

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void Observe(double value);

 private:
  friend class Registry;
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

class Registry {
 public:
  Counter& MakeCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& MakeGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  /// `bounds` are in the metric's unit, ascending; +Inf is added.
  Histogram& MakeHistogram(const std::string& name, const std::string& help,
                           std::vector<double> bounds, const Labels& labels = {});
  /// Calls `collect` before each Text(), for values that are read on demand.
  void OnCollect(std::function<void()> collect);
  std::string Text();

 private:
  struct Family;
  struct Metric;
  /// Returns the metric with this name and these labels; creates it if needed. Throws
  /// std::logic_error if the name is used with two types, which is a programming error.
  Metric& Find(const char* type, const std::string& name, const std::string& help,
               const Labels& labels) PGSLUICE_REQUIRES(mutex_);
  base::Mutex mutex_;
  std::map<std::string, std::shared_ptr<Family>> families_ PGSLUICE_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> collectors_ PGSLUICE_GUARDED_BY(mutex_);
};

/// Registers process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds and
/// process_start_time_seconds of this process, read from /proc on demand.
void RegisterProcessMetrics(Registry& registry);

}  // namespace pgsluice::observe
