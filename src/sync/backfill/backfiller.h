#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Works on tasks of backfills (sync/backfill_tasks.h) beside the live changes. Runs until stopped.
void RunBackfiller(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
