#include "pgsluice/sync/holds.h"

#include <algorithm>

#include "pgsluice/observe/log.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{200}, kLongestPause{15'000};
constexpr std::chrono::seconds kLogAgain{60};

std::string Seconds(Holds::Clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

}  // namespace

void Holds::Refused(const std::string& index, const Error& error) {
  const auto now = Clock::now();
  const base::MutexLock lock(mutex_);
  const auto [at, fresh] = holds_.try_emplace(index);
  Hold& hold = at->second;
  if (fresh) hold.since = now;
  ++hold.attempts;
  // Several workers may have sent requests at the same time; that counts as one refusal.
  if (now >= hold.until) {
    hold.pause = std::clamp(hold.pause * 2, kFirstPause, kLongestPause);
    hold.until = now + hold.pause;
  }
  // Reasons that contain amounts differ each time, so the first reason with this remedy is kept.
  if (fresh || hold.cause.remedy != error.hint()) hold.cause = {error.what(), error.hint()};
  // An index that is refused again and again is logged only once in a while.
  const auto [last, first] = logged_.try_emplace(index, now);
  if (!first && now - last->second < kLogAgain) return;
  last->second = now;
  hold.logged = true;
  Log(Level::kError, "engine", "the engine refuses changes of an index; the other indexes continue",
      {{"index", index},
       {"reason", hold.cause.reason},
       {"remedy", hold.cause.remedy},
       {"attempts", std::to_string(hold.attempts)},
       {"for_s", Seconds(now - hold.since)}});
}

void Holds::Taken(const std::string& index) {
  const base::MutexLock lock(mutex_);
  const auto hold = holds_.find(index);
  if (hold == holds_.end()) return;
  if (hold->second.logged) {
    Log(Level::kInfo, "engine", "the engine accepts changes of the index again",
        {{"index", index}, {"after_s", Seconds(Clock::now() - hold->second.since)}});
  }
  holds_.erase(hold);
}

bool Holds::Has(const std::string& index) const {
  const base::MutexLock lock(mutex_);
  const auto hold = holds_.find(index);
  return hold != holds_.end() && Clock::now() < hold->second.until;
}

std::vector<std::string> Holds::held() const {
  const auto now = Clock::now();
  const base::MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [index, hold] : holds_) {
    if (now < hold.until) names.push_back(index);
  }
  return names;
}

std::optional<milliseconds> Holds::UntilNext() const {
  const auto now = Clock::now();
  const base::MutexLock lock(mutex_);
  std::optional<milliseconds> next;
  for (const auto& [index, hold] : holds_) {
    if (now >= hold.until) continue;
    const auto rest = std::chrono::ceil<milliseconds>(hold.until - now);
    next = next ? std::min(*next, rest) : rest;
  }
  return next;
}

std::map<std::string, Holds::Cause> Holds::causes(milliseconds at_least) const {
  const auto now = Clock::now();
  const base::MutexLock lock(mutex_);
  std::map<std::string, Cause> causes;
  for (const auto& [index, hold] : holds_) {
    if (now - hold.since >= at_least) causes[index] = hold.cause;
  }
  return causes;
}

}  // namespace pgsluice::sync
