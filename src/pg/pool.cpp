#include "pgsluice/pg/pool.h"

namespace pgsluice::pg {

Pool::Lease Pool::Acquire() {
  {
    base::MutexLock lock(mutex_);
    returned_.wait(lock, [&]() PGSLUICE_REQUIRES(mutex_) { return free_ > 0; });
    --free_;
    if (!idle_.empty()) {
      std::unique_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(session)};
    }
  }
  try {
    return {*this, std::make_unique<Session>(options_)};
  } catch (...) {
    GiveBack(nullptr);
    throw;
  }
}

void Pool::GiveBack(std::unique_ptr<Session> session) {
  {
    const base::MutexLock lock(mutex_);
    ++free_;
    if (session && !session->broken()) idle_.push_back(std::move(session));
  }
  returned_.notify_one();
}

}  // namespace pgsluice::pg
