#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Works on pieces of backfills (sync/jobs.h) beside the live changes. Runs until stopped.
void RunBackfiller(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
