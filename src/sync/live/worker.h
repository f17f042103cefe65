#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Processes live changes: claims, reads, writes and acknowledges a batch in one transaction. Runs
/// until stopped. Any number of workers and processes share the outbox.
void RunWorker(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
