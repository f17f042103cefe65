#include "api/freshness.h"

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

constexpr std::chrono::milliseconds kFresh{200};
constexpr std::chrono::milliseconds kAfterTrouble{3000};

}  // namespace

std::string Freshness::Position() {
  if (sync_ == nullptr) return "0";
  {
    const std::lock_guard lock(mutex_);
    if (asking_ || Clock::now() < next_) return position_;
    asking_ = true;
  }
  std::string position;
  try {
    position = sync_->Position();
  } catch (const Error& error) {
    observe::Log(observe::Level::kDebug, "api", error.what());
  }
  const std::lock_guard lock(mutex_);
  asking_ = false;
  next_ = Clock::now() + (position.empty() ? kAfterTrouble : kFresh);
  if (!position.empty()) position_ = position;
  return position_;
}

}  // namespace pgsluice::api
