#include "api/rest/freshness.h"

#include "pgsluice/base/error.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

namespace {

constexpr std::chrono::milliseconds kFresh{200};
constexpr std::chrono::milliseconds kAfterTrouble{3000};

}  // namespace

std::string Freshness::Position() {
  std::string all;
  const std::vector<std::string> names =
      sync_ == nullptr ? std::vector<std::string>{""} : sync_->DatabaseNames();
  for (const std::string& name : names) {
    Look(name);
    const base::MutexLock lock(mutex_);
    if (!all.empty()) all += ',';
    all += (name.empty() ? "" : name + ':') + known_[name].position;
  }
  return all;
}

bool Freshness::IsFilling(const std::string& index) {
  if (sync_ == nullptr) return false;
  const std::string database = sync_->DatabaseOf(index);
  Look(database);
  const base::MutexLock lock(mutex_);
  return known_[database].filling.contains(index);
}

void Freshness::Look(const std::string& database) {
  if (sync_ == nullptr) return;
  {
    const base::MutexLock lock(mutex_);
    Known& known = known_[database];
    if (known.asking || Clock::now() < known.next) return;
    known.asking = true;
  }
  std::string position;
  std::set<std::string> filling;
  try {
    filling = sync_->Filling(database);
    position = sync_->Position(database);
  } catch (const Error& error) {
    const observe::LogDatabase named(database);
    observe::Log(observe::Level::kDebug, "api", error.what());
  }
  const base::MutexLock lock(mutex_);
  Known& known = known_[database];
  known.asking = false;
  known.next = Clock::now() + (position.empty() ? kAfterTrouble : kFresh);
  if (position.empty()) return;
  known.position = position;
  known.filling = std::move(filling);
}

}  // namespace pgsluice::api
