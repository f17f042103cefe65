#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Releases events for documents whose time has come (`refresh_at`). Runs until stopped, in any
/// number of processes.
void RunTimer(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
