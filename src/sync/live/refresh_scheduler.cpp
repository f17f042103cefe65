#include "pgsluice/sync/refresh_scheduler.h"

#include <algorithm>

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::sync {

namespace {

using Duration = std::chrono::steady_clock::duration;

constexpr Duration kShortestRest = std::chrono::milliseconds(20);
// Lone changes should be found soon, so refreshes may take a third of the engine's time. If one
// took very long (the engine was merging), the next one does not wait long for it.
constexpr int kRestPerDuration = 2;
constexpr Duration kLongestRest = std::chrono::milliseconds(250);
// Refreshes of a stream of changes would cost more than the changes, so they get only a ninth of
// the time. But they run at least as often as the engine would refresh by itself. A few
// transactions are not a stream.
constexpr std::size_t kMany = 100;
constexpr int kManyInARow = 3;
constexpr int kRestPerDurationOfStream = 8;
constexpr Duration kLongestRestOfStream = std::chrono::seconds(1);

constexpr Duration kLongestWay = std::chrono::seconds(1);

Duration RestAfter(Duration took, bool stream) {
  if (!stream) return std::clamp(took * kRestPerDuration, kShortestRest, kLongestRest);
  return std::clamp(took * kRestPerDurationOfStream, kShortestRest, kLongestRestOfStream);
}

}  // namespace

void RefreshScheduler::RequestRefresh(const std::string& alias, std::size_t changes) {
  {
    const base::MutexLock lock(mutex_);
    Index& index = indexes_[alias];
    index.changes += changes;
    due_.emplace(alias, std::max(Clock::now(), index.rests_until));
  }
  requested_.notify_one();
}

bool RefreshScheduler::YieldToRefresh() {
  base::MutexLock lock(mutex_);
  refreshed_.wait_for(lock, kLongestWay,
                      [this]() PGSLUICE_REQUIRES(mutex_) { return !refreshing_; });
  return refreshing_ || Clock::now() - last_refreshed_ < kLongestWay;
}

void RefreshScheduler::Run(const std::stop_token& stop) {
  base::MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    if (!requested_.wait(lock, stop, [&]() PGSLUICE_REQUIRES(mutex_) { return !due_.empty(); }))
      return;
    const auto next = std::min_element(
        due_.begin(), due_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    const Clock::time_point when = next->second;
    if (when > Clock::now()) {
      requested_.wait_until(lock, stop, when, [&] { return stop.stop_requested(); });
      continue;
    }
    const std::string alias = next->first;
    due_.erase(next);
    Index& index = indexes_[alias];
    index.many_in_a_row = index.changes >= kMany ? index.many_in_a_row + 1 : 0;
    index.changes = 0;
    refreshing_ = true;
    // Unlocked while the engine works, so that workers can request further refreshes.
    lock.unlock();
    const Clock::time_point start = Clock::now();
    try {
      engine_.Refresh(alias);
    } catch (const std::exception& error) {
      // The index's own refresh_interval makes up for it a little later.
      observe::Log(observe::Level::kDebug, "engine", error.what(), {{"index", alias}});
    }
    const Clock::time_point end = Clock::now();
    lock.lock();
    refreshing_ = false;
    last_refreshed_ = end;
    refreshed_.notify_all();
    index.rests_until = end + RestAfter(end - start, index.many_in_a_row >= kManyInARow);
  }
}

}  // namespace pgsluice::sync
