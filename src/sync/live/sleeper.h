#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Wakes the workers without a NOTIFY from every writer (the sleeper lock, see
/// migrations/README.md). When all workers are idle, the sleeper takes an exclusive advisory lock;
/// a writer that then fails to get it shared sends a NOTIFY. A writer that got it shared holds it
/// until its commit is visible, so no event is missed between the last check and the sleep. Runs
/// until stopped.
void RunSleeper(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
