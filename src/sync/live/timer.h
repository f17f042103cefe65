#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Turns times at which documents change by themselves into events when they are due. Runs until
/// stopped; any number of processes may do it.
void RunTimer(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
