#include "pgsluice/sync/advisory_lock.h"

#include <spdlog/fmt/fmt.h>

#include <exception>
#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"

namespace pgsluice::sync {

namespace {

const pg::Statement kHolder{"advisory_lock_holder", R"sql(
  SELECT CASE WHEN l.pid IS NULL THEN 'a prepared transaction'
              ELSE pg_catalog.format('process %s of role %s (application %s)', l.pid,
                     pg_catalog.quote_ident(coalesce(a.usename, '?')),
                     pg_catalog.quote_literal(coalesce(a.application_name, ''))) END,
         pgsluice.is_ours(l.pid) AND coalesce(a.application_name LIKE 'pgsluice%', true)
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.classid = $1::int::oid AND l.objid = $2::int::oid
    AND l.objsubid = 2 AND l.granted
    AND l.database = (SELECT oid FROM pg_catalog.pg_database
                      WHERE datname = pg_catalog.current_database())
  ORDER BY 2 LIMIT 1)sql"};

std::string Sql(const char* function, int number) {
  return fmt::format("SELECT pg_catalog.{}({}, {})", function, kLocks, number);
}

std::string Holder(pg::Session& session, int number) {
  const pg::Result holder = session.Exec(kHolder, {std::to_string(kLocks), std::to_string(number)});
  return holder.rows() == 0 ? "somebody" : std::string(holder.Text(0, 0));
}

void Wait(pg::Session& session, int number, std::chrono::milliseconds patience) {
  const std::string before(session.Exec("SHOW lock_timeout").Text(0, 0));
  session.Exec(fmt::format("SET lock_timeout = {}", patience.count()));
  std::string holder;
  try {
    session.Exec(Sql("pg_advisory_lock", number));
  } catch (const pg::SqlError& error) {
    if (!error.IsOfLock()) throw;
    holder = Holder(session, number);
  }
  session.Exec(fmt::format("SET lock_timeout = '{}'", before));
  if (holder.empty()) return;
  throw LockHeld(Disposition::kRetry,
                 fmt::format("{} has held pgsluice's lock {} for {} s", holder, number,
                             std::chrono::duration<double>(patience).count()),
                 fmt::format("if that is not a running pgsluice, {}", kEndStranger));
}

}  // namespace

std::string StrangerWith(pg::Session& session, std::int32_t lock_class, std::int32_t number) {
  const pg::Result holder =
      session.Exec(kHolder, {std::to_string(lock_class), std::to_string(number)});
  return holder.rows() == 0 || holder.Bool(0, 1) ? "" : std::string(holder.Text(0, 0));
}

AdvisoryLock::AdvisoryLock(pg::Session& session, int number, Mode mode,
                           std::chrono::milliseconds patience)
    : session_(session), number_(number) {
  if (mode == Mode::kWait) {
    Wait(session_, number_, patience);
  } else {
    held_ = session_.Exec(Sql("pg_try_advisory_lock", number_)).Bool(0, 0);
  }
}

AdvisoryLock::~AdvisoryLock() {
  if (!held_ || session_.broken()) return;
  try {
    session_.Exec(Sql("pg_advisory_unlock", number_));
  } catch (const std::exception& error) {
    observe::Log(observe::Level::kError, "sync",
                 "cannot release an advisory lock: " + std::string(error.what()));
  }
}

}  // namespace pgsluice::sync
