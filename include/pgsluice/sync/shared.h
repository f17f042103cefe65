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
  /// Places of workers that are busy with a row that very many documents embed: all but one may be.
  std::counting_semaphore<>& fanouts;
  std::size_t bulk_bytes;
  /// Asks the engine to make an index's changes visible to searches (see RefreshScheduler).
  std::function<void(const std::string& alias, std::size_t changes)> request_refresh;
  /// For who writes very much: waits while changes are made visible, and answers whether there are
  /// any beside (see RefreshScheduler).
  std::function<bool()> yield_to_refresh;
  /// Something about indexes or tables is not as known: look at it now.
  std::function<void()> request_check;
};

}  // namespace pgsluice::sync
