#pragma once

#include <functional>
#include <memory>
#include <semaphore>
#include <set>
#include <stop_token>
#include <string>

#include "pgsluice/base/backoff.h"
#include "pgsluice/base/error.h"
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
  Wakeup& backfill;  ///< Pieces may wait in pgsluice.backfill.
  outbox::Floor& floor;
  Holds& holds;
  /// Places of workers that are busy with a row that very many documents embed: all but one may be.
  std::counting_semaphore<>& fanouts;
  std::size_t bulk_bytes;
  /// Asks the engine to make an index's changes visible to searches (see RefreshScheduler).
  std::function<void(const std::string& alias, std::size_t changes)> drained;
  /// For who writes very much: waits while changes are made visible, and answers whether there are
  /// any beside (see RefreshScheduler).
  std::function<bool()> give_way;
  /// Something about indexes or tables is not as known: look at it now.
  std::function<void()> look_again;
};

/// Returns the part that an error is about, as Monitor::Trouble() names it: "database" when its
/// connection is lost, "sync" when the server refuses a statement, else "engine".
const char* PartOf(const Error& error, bool lost);

/// Opens a session for writing documents: checks that transaction ids did not go back, and raises
/// the epoch when they did.
std::unique_ptr<pg::Session> OpenSession(const Shared& shared, const std::string& name,
                                         int lock_timeout_ms = 0);

/// One round of work on a session.
using Step = std::function<Next()>;

/// Runs steps until stopped: waits when there is no work, backs off on errors, opens a new session
/// (and makes a new step for it) when one broke. The only place of the sync side that catches
/// everything.
void RunLoop(const Shared& shared, const std::string& name, Wakeup& wakeup,
             const std::stop_token& stop, const std::function<Step(pg::Session&)>& make_step);

/// The road of a live change: claim, read, write, acknowledge, in one transaction. Runs until
/// stopped. Several of them, in any number of processes, share the outbox.
void RunWorker(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
