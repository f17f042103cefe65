#include "pgsluice/sync/advisory_lock.h"

#include <spdlog/fmt/fmt.h>

#include <exception>
#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"

namespace pgsluice::sync {

namespace {

// Every role that may connect can take an advisory lock, so a wait for one needs a limit.
constexpr const char* kPatience = "30s";

const pg::Statement kHolder{"advisory_lock_holder", R"sql(
  SELECT pg_catalog.format('process %s of role %s (application %s)', l.pid,
           pg_catalog.quote_ident(coalesce(a.usename, '?')),
           pg_catalog.quote_literal(coalesce(a.application_name, '')))
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.classid = 1886612588 AND l.objid = $1::int::oid
    AND l.objsubid = 2 AND l.granted
    AND l.database = (SELECT oid FROM pg_catalog.pg_database
                      WHERE datname = pg_catalog.current_database())
  LIMIT 1)sql"};

std::string Sql(const char* function, int number) {
  return fmt::format("SELECT pg_catalog.{}(1886612588, {})", function, number);
}

std::string Holder(pg::Session& session, int number) {
  const pg::Result holder = session.Exec(kHolder, {std::to_string(number)});
  return holder.rows() == 0 ? "somebody" : std::string(holder.Text(0, 0));
}

void Wait(pg::Session& session, int number) {
  const std::string before(session.Exec("SHOW lock_timeout").Text(0, 0));
  session.Exec(fmt::format("SET lock_timeout = '{}'", kPatience));
  std::string holder;
  try {
    session.Exec(Sql("pg_advisory_lock", number));
  } catch (const pg::SqlError& error) {
    if (!error.IsOfLock()) throw;
    holder = Holder(session, number);
  }
  session.Exec(fmt::format("SET lock_timeout = '{}'", before));
  if (holder.empty()) return;
  throw Error(Disposition::kRetry,
              fmt::format("{} has held pgsluice's lock {} for {}", holder, number, kPatience),
              "if that is not a running pgsluice, end it with pg_terminate_backend()");
}

}  // namespace

AdvisoryLock::AdvisoryLock(pg::Session& session, int number, Mode mode)
    : session_(session), number_(number) {
  if (mode == Mode::kWait) {
    Wait(session_, number_);
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
