#pragma once

#include <functional>
#include <string>

namespace pgsluice::pg {

/// Calls `work` again while it fails for want of a lock (its lock_timeout, or a deadlock), with
/// pauses in between, for about a minute: so nobody queues behind our lock requests for longer than
/// that timeout. `what` names the work in messages; `waiting` hears of each failure. Throws
/// Error(kRetry) in the end; other errors of `work` pass.
void RetryForLock(const std::string& what, const std::function<void(const std::string&)>& waiting,
                  const std::function<void()>& work);

}  // namespace pgsluice::pg
