#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "pgsluice/base/mutex.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/sync/wakeup.h"

namespace pgsluice::sync {

/// The state of the sync side: metrics, the present troubles, and the highest version issued.
/// Thread-safe.
class Monitor {
 public:
  /// `database` is a label of the metrics and a field of the log lines; empty: neither.
  explicit Monitor(observe::Registry& registry, std::string database = {});

  observe::Counter& claimed;
  observe::Histogram& bulk_seconds;
  observe::Histogram& end_to_end_seconds;
  observe::Gauge& pending;
  observe::Gauge& lag_seconds;
  /// Signalled when events of this process's workers are acknowledged.
  Wakeup acknowledged{1};

  /// Creates the counters of an index, so that they are 0 instead of absent before anything
  /// happens.
  void Begin(const std::string& index);
  observe::Counter& Indexed(const std::string& index);
  observe::Counter& Deleted(const std::string& index);
  observe::Counter& Errors(const std::string& index, const std::string& reason);
  observe::Gauge& DeadLetters(const std::string& index);
  observe::Gauge& Unsearchable(const std::string& index);
  observe::Counter& BackfillRows(const std::string& index);
  observe::Gauge& BackfillProgress(const std::string& index);
  /// When the last complete comparison of an index in the background ended, in Unix seconds; 0:
  /// none has ended yet.
  observe::Gauge& VerifyComplete(const std::string& index);
  /// Differences that comparisons in the background found; `kind` as in Difference.
  observe::Counter& VerifyDifferences(const std::string& index, const std::string& kind);
  observe::Gauge& ReindexNeeded(const std::string& index);
  /// Sets pgsluice_index_state of each index to 1 for its state ("live") and to 0 for its earlier
  /// states.
  void ShowStates(const std::map<std::string, std::string>& states);

  /// The parts that trouble is reported with.
  static constexpr std::array kParts = {"database", "engine", "sync", "reindex", "verify"};
  /// Reports trouble with one of kParts. Logged when it begins or its text changes, then once a
  /// minute; Recovered() ends it. `by` identifies the thread or object that met it, if only that
  /// one can know when it is over.
  void Trouble(const std::string& part, const std::string& message, const void* by = nullptr);
  /// Ends the trouble that `by` reported. The part has recovered, and that is logged, when nobody
  /// is left who reported trouble with it: one thread that works proves nothing for another one.
  void Recovered(const std::string& part, const void* by = nullptr);
  /// Ends all trouble with a part.
  void AllRecovered(const std::string& part);
  /// Returns the present trouble of a part; empty if there is none.
  std::string TroubleOf(const std::string& part) const;

  /// Remembers the highest version this process has issued.
  void Issued(std::int64_t version);
  std::int64_t highest_issued() const { return highest_issued_; }

 private:
  observe::Gauge& TroubleGauge(const std::string& part);
  struct Incident {
    std::string message;
    std::int64_t since_ms = 0;
    std::map<std::string, std::int64_t> said_ms;  ///< When each text was last logged.
    std::int64_t count = 0;
    std::set<const void*> reporters;
  };
  void End(const std::string& part) PGSLUICE_REQUIRES(mutex_);
  /// Adds the database to `labels`, if it has a name.
  static observe::Labels Labelled(const std::string& database, observe::Labels labels);
  observe::Labels Labelled(observe::Labels labels) const {
    return Labelled(database_, std::move(labels));
  }

  observe::Registry& registry_;
  const std::string database_;
  mutable base::Mutex mutex_;
  std::map<std::string, Incident> incidents_ PGSLUICE_GUARDED_BY(mutex_);
  /// The last state of each index, as shown in the metric.
  std::map<std::string, std::string> states_ PGSLUICE_GUARDED_BY(mutex_);
  std::atomic<std::int64_t> highest_issued_{0};
};

}  // namespace pgsluice::sync
