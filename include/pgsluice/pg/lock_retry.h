#pragma once

#include <functional>
#include <string>

namespace pgsluice::pg {

/// Calls `work`, and calls it again if it fails because of a lock (its lock_timeout, or a
/// deadlock), with pauses in between, for about a minute. So no session queues behind our lock
/// requests for longer than that timeout. `what` names the work in messages; `waiting` is called
/// with each failure. Finally throws Error(kRetry); other errors of `work` are passed on.
void RetryForLock(const std::string& what, const std::function<void(const std::string&)>& waiting,
                  const std::function<void()>& work);

}  // namespace pgsluice::pg
