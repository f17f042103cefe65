#include "pgsluice/pg/lock_retry.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <thread>

#include "pgsluice/base/backoff.h"
#include "pgsluice/base/error.h"
#include "pgsluice/pg/sql_error.h"

namespace pgsluice::pg {

namespace {

constexpr int kTries = 20;
constexpr std::chrono::milliseconds kShortestPause{100}, kLongestPause{2000};

}  // namespace

void RetryForLock(const std::string& what, const std::function<void(const std::string&)>& waiting,
                  const std::function<void()>& work) {
  Backoff backoff(kShortestPause, kLongestPause);
  for (int left = kTries; left > 0; --left) {
    try {
      work();
      return;
    } catch (const SqlError& error) {
      if (!error.IsOfLock()) throw;
      waiting(fmt::format("{} waits for a lock: {}", what, error.what()));
    }
    std::this_thread::sleep_for(backoff.Next());
  }
  throw Error(Disposition::kRetry, fmt::format("{}: no lock within a minute", what),
              "find the session that holds it in pg_locks and pg_stat_activity, then run the "
              "command again");
}

}  // namespace pgsluice::pg
