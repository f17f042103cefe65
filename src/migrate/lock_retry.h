#pragma once

#include <functional>
#include <string>

#include "pgsluice/migrate/migrator.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::migrate {

/// Runs `work` in a transaction that nobody else's migration runs beside (advisory lock) and that
/// waits for any lock a few seconds at most; rolls back and tries again, for about a minute, when a
/// lock was not to be had. Nobody queues behind our lock requests for longer. `what` names the work
/// in messages. Throws Error(kRetry) in the end.
void WithLocks(pg::Session& session, const std::string& what, const Migrator::Log& log,
               const std::function<void()>& work);

}  // namespace pgsluice::migrate
