#include "api/rest/freshness.h"

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

constexpr std::chrono::milliseconds kFresh{200};
constexpr std::chrono::milliseconds kAfterTrouble{3000};

}  // namespace

std::string Freshness::Position() {
  Look();
  const base::MutexLock lock(mutex_);
  return position_;
}

bool Freshness::IsFilling(const std::string& index) {
  Look();
  const base::MutexLock lock(mutex_);
  return filling_.contains(index);
}

void Freshness::Look() {
  if (sync_ == nullptr) return;
  {
    const base::MutexLock lock(mutex_);
    if (asking_ || Clock::now() < next_) return;
    asking_ = true;
  }
  std::string position;
  std::set<std::string> filling;
  try {
    filling = sync_->Filling();
    position = sync_->Position();
  } catch (const Error& error) {
    observe::Log(observe::Level::kDebug, "api", error.what());
  }
  const base::MutexLock lock(mutex_);
  asking_ = false;
  next_ = Clock::now() + (position.empty() ? kAfterTrouble : kFresh);
  if (position.empty()) return;
  position_ = position;
  filling_ = std::move(filling);
}

}  // namespace pgsluice::api
