#include "pgsluice/sync/wakeup.h"

#include <algorithm>

namespace pgsluice::sync {

namespace {

constexpr std::chrono::milliseconds kWhileOthersWork{20};

}  // namespace

std::uint64_t Wakeup::generation() const {
  const base::MutexLock lock(mutex_);
  return generation_;
}

void Wakeup::Signal() {
  {
    const base::MutexLock lock(mutex_);
    ++generation_;
    call_ = true;
  }
  changed_.notify_all();
}

void Wakeup::WaitForWork(std::uint64_t seen, const std::stop_token& stop,
                         std::chrono::milliseconds at_most) {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + at_most;
  base::MutexLock lock(mutex_);
  // A signal arrived since the caller read the generation, so there may be work already.
  if (generation_ != seen) {
    call_ = false;
    return;
  }
  ++idle_;
  changed_.notify_all();
  while (!call_ && !stop.stop_requested()) {
    const bool alone = idle_ < workers_;
    const auto until = alone ? std::min(end, steady_clock::now() + kWhileOthersWork) : end;
    const auto changed = [&]() PGSLUICE_REQUIRES(mutex_) {
      return call_ || alone != (idle_ < workers_);
    };
    if (!changed_.wait_until(lock, stop, until, changed)) break;  // time to look
  }
  call_ = false;
  --idle_;
  changed_.notify_all();
}

void Wakeup::WaitForCall(std::uint64_t seen, const std::stop_token& stop,
                         std::chrono::milliseconds at_most) {
  base::MutexLock lock(mutex_);
  changed_.wait_for(lock, stop, at_most,
                    [&]() PGSLUICE_REQUIRES(mutex_) { return generation_ != seen; });
}

bool Wakeup::WaitUntilIdle(const std::stop_token& stop) {
  base::MutexLock lock(mutex_);
  return changed_.wait(lock, stop,
                       [&]() PGSLUICE_REQUIRES(mutex_) { return idle_ == workers_ && !call_; });
}

bool SleepUnlessStopped(std::chrono::milliseconds delay, const std::stop_token& stop) {
  base::Mutex mutex;
  std::condition_variable_any never;
  base::MutexLock lock(mutex);
  return !never.wait_for(lock, stop, delay, [&] { return stop.stop_requested(); });
}

}  // namespace pgsluice::sync
