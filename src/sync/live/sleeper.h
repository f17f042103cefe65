#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Lets the workers sleep without a NOTIFY on the writers' hot path ("sleeper lock", DESIGN 2).
/// When all workers are idle it takes the exclusive advisory lock; a writer that then fails to get
/// it shared sends a NOTIFY. Writers that got it shared hold it until their commit is visible, so
/// nothing can fall between the last look and the sleep. Runs until stopped.
void RunSleeper(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
