#pragma once

#include <condition_variable>
#include <memory>
#include <utility>
#include <vector>

#include "pgsluice/base/mutex.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::pg {

/// Lends sessions, each to one user at a time. Opens them on demand, keeps them open, and discards
/// broken ones. Thread-safe.
class Pool {
 public:
  /// A session on loan, which is returned on destruction. Must not outlive the pool.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Session> session)
        : pool_(&pool), session_(std::move(session)) {}
    ~Lease() {
      if (session_) pool_->GiveBack(std::move(session_));
    }
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    Session& operator*() const { return *session_; }
    Session* operator->() const { return session_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Session> session_;
  };

  /// Lends at most `size` sessions; further callers wait for one.
  Pool(SessionOptions options, std::size_t size) : options_(std::move(options)), free_(size) {}

  /// Waits for a free session. Throws like Session's constructor.
  Lease Acquire();

 private:
  void GiveBack(std::unique_ptr<Session> session);

  const SessionOptions options_;
  base::Mutex mutex_;
  std::condition_variable_any returned_;
  std::size_t free_ PGSLUICE_GUARDED_BY(mutex_);  ///< How many more sessions may be lent.
  std::vector<std::unique_ptr<Session>> idle_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::pg
