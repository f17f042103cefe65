#pragma once

#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// Remembers which schema each index of `"index_per": "schema"` belongs to, and removes those whose
/// schema, or its table, is gone, once no running process has them. `config` is the configuration
/// as it was read, `planned` what it stands for in this catalog. Call under an IndexLock.
void FollowSchemas(pg::Session& session, engine::Engine& engine, const config::Config& config,
                   const catalog::Catalog& catalog, const std::vector<plan::Planned>& planned);

}  // namespace pgsluice::sync
