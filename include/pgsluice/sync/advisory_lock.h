#pragma once

#include "pgsluice/pg/session.h"

namespace pgsluice::sync {

/// A session-level advisory lock, held until the end of the scope. migrations/README.md says what
/// each number is for. Use it outside a transaction: after a failed statement in one, the unlock
/// would fail too, and the session would keep the lock.
class AdvisoryLock {
 public:
  enum class Mode {
    kWait,
    kTry,  ///< Not held if another session holds it.
  };
  AdvisoryLock(pg::Session& session, int number, Mode mode);
  ~AdvisoryLock();
  AdvisoryLock(const AdvisoryLock&) = delete;
  AdvisoryLock& operator=(const AdvisoryLock&) = delete;
  bool held() const { return held_; }

 private:
  pg::Session& session_;
  const int number_;
  bool held_ = true;
};

}  // namespace pgsluice::sync
