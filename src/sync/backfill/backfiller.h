#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Works on tasks of backfills (sync/backfill_tasks.h) while live changes continue. Runs until
/// stopped.
void RunBackfiller(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
