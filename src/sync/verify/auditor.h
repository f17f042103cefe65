#pragma once

#include <stop_token>

#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Compares whole indexes with PostgreSQL in the background, and has documents that differ written
/// again. Compares all indexes at a bounded rate if "verify" is configured, and views with
/// "refresh_every" at that interval. Runs until stopped. Any number of processes share the work;
/// one at a time compares an index.
void RunAuditor(const Shared& shared, const std::stop_token& stop);

}  // namespace pgsluice::sync
