#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "pgsluice/base/backoff.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Reports an error as the trouble of a part (see Monitor::Trouble()): "database" if its connection
/// is lost, "sync" if the server refuses a statement or the error is not one of ours, otherwise
/// "engine". Of the first two, `by` has to report its own recovery.
void ReportTrouble(const Shared& shared, const std::exception& error, bool lost, const void* by);

/// Opens a session for writing documents. Checks whether transaction ids went back, and raises the
/// epoch if they did. Does not report that the database has recovered: only work that succeeds
/// proves that, because a role may lack rights.
std::unique_ptr<pg::Session> OpenSession(const Shared& shared, const std::string& name,
                                         int lock_timeout_ms = 0);

/// One round of work on a session.
using Step = std::function<Next()>;

/// Calls `turn` until stopped. If it throws anything, calls `failed` and waits, longer each time
/// until `turn` resets the back-off. This is the one place where a thread of the sync side catches
/// everything, so that no exception ends the process.
void Persist(const std::stop_token& stop, Backoff backoff,
             const std::function<void(Backoff&)>& turn,
             const std::function<void(const std::exception&)>& failed);

/// Runs steps until stopped. Waits if there is no work, backs off after errors, and opens a new
/// session (and makes a new step for it) if the old one broke.
void RunLoop(const Shared& shared, const std::string& name, Wakeup& wakeup,
             const std::stop_token& stop, const std::function<Step(pg::Session&)>& make_step);

}  // namespace pgsluice::sync
