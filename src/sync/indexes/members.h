#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// Creates the tasks that an index over many schemas needs, and stores the definition that each
/// schema is filled with. Schemas that are new or changed are scanned; the ids of schemas that
/// changed or no longer exist are walked. With `again` everything is read, because the engine's
/// index is new. Call in the transaction that puts the definition in force.
void FollowMembers(pg::Session& session, const LiveIndex& index, bool again);

/// Returns the plan without the schemas that have one of these tables.
std::shared_ptr<const plan::Plan> WithoutTables(const plan::Plan& plan,
                                                const std::map<std::uint32_t, std::string>& tables);

/// Deletes what is stored about the index's schemas, because it is not, or no longer, one over
/// many.
void ForgetMembers(pg::Session& session, const std::string& index);

}  // namespace pgsluice::sync
