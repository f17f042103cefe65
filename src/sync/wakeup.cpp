#include "pgsluice/sync/wakeup.h"

namespace pgsluice::sync {

std::uint64_t Wakeup::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

void Wakeup::Signal() {
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    idle_ = 0;  // whoever waits is about to look again
  }
  changed_.notify_all();
}

void Wakeup::WaitForWork(std::uint64_t seen, const std::stop_token& stop,
                         std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  if (generation_ != seen) return;
  ++idle_;
  changed_.notify_all();
  const bool called = changed_.wait_for(lock, stop, at_most, [&] { return generation_ != seen; });
  if (!called && generation_ == seen) --idle_;
}

void Wakeup::WaitForCall(std::uint64_t seen, const std::stop_token& stop,
                         std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, at_most, [&] { return generation_ != seen; });
}

bool Wakeup::WaitUntilIdle(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, [&] { return idle_ == workers_; });
}

bool SleepUnlessStopped(std::chrono::milliseconds delay, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  return !never.wait_for(lock, stop, delay, [&] { return stop.stop_requested(); });
}

}  // namespace pgsluice::sync
