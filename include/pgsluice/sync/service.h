#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pgsluice/config/config.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"
#include "pgsluice/sync/monitor.h"
#include "pgsluice/sync/refresh_scheduler.h"
#include "pgsluice/sync/schema_watcher.h"
#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// The sync side of the process: its threads and what they share.
///
///   thread       count            does
///   watcher      1                plans, indexes, schema changes, lag
///   sleeper      1                LISTEN, sleeper lock
///   worker       sync.workers     outbox -> documents -> _bulk -> acknowledge
///   backfiller   sync.workers     tasks of backfills
///   refresh      1                adaptive refresh of the engine
///   timer        0 or 1           documents that change by time
///   auditor      0 or 1           compares whole indexes in the background, reads views again
///
/// With `writes` false only the schema watcher runs, and it changes nothing: for `pgsluice serve`.
class Service {
 public:
  Service(const config::Config& config, engine::Engine& engine, Monitor& monitor, bool writes);
  ~Service();

  /// Checks the database for the first time and starts the threads. Throws like
  /// SchemaWatcher::Start(); call it again after Error(kRetry).
  void Start();
  /// Finishes what is in flight and joins the threads. May be called without Start(), and more than
  /// once.
  void Stop();

  const IndexRegistry& registry() const { return registry_; }
  IndexRegistry& registry() { return registry_; }
  bool ready() const { return watcher_.ready(); }
  void RequestCheck() { watcher_.RequestCheck(); }
  /// See SchemaWatcher::KnowsTables().
  bool KnowsTables(const std::string& fingerprint) const {
    return watcher_.KnowsTables(fingerprint);
  }
  /// Indexes whose changes wait because the engine refuses them.
  const Holds& holds() const { return holds_; }

 private:
  const config::Config& config_;
  const bool writes_;
  IndexRegistry registry_;
  Wakeup work_, backfill_, times_{1}, passes_{1};
  outbox::Floor floor_;
  Holds holds_;
  std::counting_semaphore<> fanouts_;
  RefreshScheduler scheduler_;
  Shared shared_;
  SchemaWatcher watcher_;
  std::vector<std::jthread> threads_;
};

}  // namespace pgsluice::sync
