#pragma once

#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// Stores which schema each index of `"index_per": "schema"` belongs to. Removes the indexes whose
/// schema or table no longer exists, as soon as no running process has them. `config` is the
/// configuration as it was read, and `planned` is its expansion for this catalog. Call under an
/// IndexLock.
void FollowSchemas(pg::Session& session, engine::Engine& engine, const config::Config& config,
                   const catalog::Catalog& catalog, const std::vector<plan::Planned>& planned);

}  // namespace pgsluice::sync
