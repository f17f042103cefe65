#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// The road of a live change: claim, read, write, acknowledge, in one transaction. Runs until
/// stopped. Several of them, in any number of processes, share the outbox.
void RunWorker(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
