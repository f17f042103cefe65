#include "migrate/lock_retry.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <thread>

#include "migrate/migrate_sql.h"
#include "pgsluice/base/backoff.h"
#include "pgsluice/base/error.h"
#include "pgsluice/pg/sql_error.h"

namespace pgsluice::migrate {

namespace {

constexpr int kTries = 20;
constexpr std::chrono::seconds kLongestPause{2};

bool IsLockTrouble(const pg::SqlError& error) {
  return error.sqlstate() == "55P03" || error.sqlstate() == "40P01";
}

}  // namespace

void WithLocks(pg::Session& session, const std::string& what, const Migrator::Log& log,
               const std::function<void()>& work) {
  Backoff backoff(std::chrono::milliseconds(100), kLongestPause);
  for (int left = kTries; left > 0; --left) {
    try {
      pg::Transaction transaction(session);
      session.Exec(sql::kTimeouts);
      session.Exec(sql::kLock);
      work();
      transaction.Commit();
      return;
    } catch (const pg::SqlError& error) {
      if (!IsLockTrouble(error)) throw;
      if (log) log(fmt::format("{} waits for a lock: {}", what, error.what()));
    }
    std::this_thread::sleep_for(backoff.Next());
  }
  throw Error(Disposition::kRetry, fmt::format("{}: no lock within a minute", what),
              "look in pg_locks for who holds it, then run the command again");
}

}  // namespace pgsluice::migrate
