#pragma once

#include "pgsluice/pg/session.h"

namespace pgsluice::sync {

/// A session-level advisory lock of the product, held for a scope; migrations/README.md says what
/// each number is for. Outside of a transaction, so that the lock is not kept by one.
class AdvisoryLock {
 public:
  enum class Mode {
    kWait,
    kTry,  ///< Not held when somebody else holds it.
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
