#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::sync {

/// The classes of advisory locks, see migrations/README.md.
inline constexpr std::int32_t kLocks = 1886612588;
inline constexpr std::int32_t kPassLocks = 1886612591;

/// Another session has held the lock for longer than we wait. The message names the session.
class LockHeld : public Error {
 public:
  using Error::Error;
};

/// Returns the session that holds a lock if it does not belong to a pgsluice process: its role has
/// no rights on the outbox, or its application has another name. Returns "" otherwise.
std::string StrangerWith(pg::Session& session, std::int32_t lock_class, std::int32_t number);
/// The remedy for such a session.
inline constexpr const char* kEndStranger =
    "end it with pg_terminate_backend(), or revoke CONNECT on the database";

/// A session-level advisory lock, held until the end of the scope. migrations/README.md says what
/// each number is for. Use it outside a transaction: after a failed statement in one, the unlock
/// would fail too, and the session would keep the lock.
class AdvisoryLock {
 public:
  enum class Mode {
    kWait,
    kTry,  ///< Not held if another session holds it.
  };
  /// Throws LockHeld if another session holds the lock for `patience`. Every role that may connect
  /// can take an advisory lock, so a wait for one needs a limit.
  AdvisoryLock(pg::Session& session, int number, Mode mode,
               std::chrono::milliseconds patience = std::chrono::seconds(30));
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
