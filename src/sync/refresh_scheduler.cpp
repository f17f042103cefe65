#include "pgsluice/sync/refresh_scheduler.h"

#include <algorithm>

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::sync {

namespace {

// A refresh makes a segment: ten a second at most, and never more than a fifth of the engine's
// time where refreshes are slow.
constexpr std::chrono::milliseconds kRest{100};
constexpr int kRestPerDuration = 4;

}  // namespace

void RefreshScheduler::Request(const std::string& alias) {
  {
    const std::lock_guard lock(mutex_);
    due_.emplace(alias, std::max(Clock::now(), rests_[alias]));
  }
  requested_.notify_one();
}

void RefreshScheduler::Run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (!requested_.wait(lock, stop, [&] { return !due_.empty(); })) return;
    const auto next = std::min_element(
        due_.begin(), due_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    const Clock::time_point when = next->second;
    if (when > Clock::now()) {
      requested_.wait_until(lock, stop, when, [&] { return stop.stop_requested(); });
      continue;
    }
    const std::string alias = next->first;
    due_.erase(next);
    lock.unlock();
    const Clock::time_point start = Clock::now();
    try {
      engine_.Refresh(alias);
    } catch (const Error& error) {
      // The index's own refresh_interval does it a little later.
      observe::Log(observe::Level::kDebug, "engine", error.what(), {{"index", alias}});
    }
    const auto took = Clock::now() - start;
    lock.lock();
    rests_[alias] = Clock::now() + std::max<Clock::duration>(kRest, took * kRestPerDuration);
  }
}

}  // namespace pgsluice::sync
