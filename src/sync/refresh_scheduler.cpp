#include "pgsluice/sync/refresh_scheduler.h"

#include <algorithm>

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::sync {

namespace {

// A refresh makes a segment, so that they take a third of the engine's time at most; where one took
// very long (the engine was busy merging), the next one need not wait longer than this for it.
constexpr int kRestPerDuration = 2;
constexpr std::chrono::milliseconds kShortestRest{20}, kLongestRest{250};

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
    rests_[alias] = Clock::now() + std::clamp<Clock::duration>(took * kRestPerDuration,
                                                               kShortestRest, kLongestRest);
  }
}

}  // namespace pgsluice::sync
