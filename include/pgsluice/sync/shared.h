#pragma once

#include <cstddef>
#include <functional>
#include <semaphore>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/holds.h"
#include "pgsluice/sync/index_set.h"
#include "pgsluice/sync/monitor.h"
#include "pgsluice/sync/wakeup.h"

namespace pgsluice::sync {

/// What the threads of one process share. Everything in it is thread-safe and outlives them.
struct Shared {
  const config::Config& config;
  pg::SessionOptions database;
  engine::Engine& engine;
  IndexRegistry& registry;
  Monitor& monitor;
  Wakeup& work;      ///< Events may wait in the outbox.
  Wakeup& backfill;  ///< Tasks may wait in pgsluice.backfill.
  Wakeup& times;     ///< A document changes by itself soon: see RunTimer().
  Wakeup& passes;    ///< See RunAuditor().
  outbox::Floor& floor;
  Holds& holds;
  /// Workers that may sync a row that very many documents embed: all but one, so that one is left
  /// for other changes.
  std::counting_semaphore<>& fanouts;
  std::size_t bulk_bytes;
  /// Asks the engine to make an index's changes visible to searches (see RefreshScheduler).
  std::function<void(const std::string& alias, std::size_t changes)> request_refresh;
  /// Called by bulk writers: blocks while a refresh runs, and returns whether other changes are
  /// being refreshed (see RefreshScheduler::YieldToRefresh()).
  std::function<bool()> yield_to_refresh;
  /// Asks the schema watcher to check indexes and tables now, because one of them is not as
  /// expected.
  std::function<void()> request_check;
};

}  // namespace pgsluice::sync
