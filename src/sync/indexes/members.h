#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// Creates the tasks that an index over many schemas needs, and remembers what it is filled with
/// then: the rows of schemas that came or changed are read, ids of schemas that changed or are gone
/// are looked at. With `again` everything is read, because the engine's index is a new one. In the
/// transaction that puts the definition in force.
void FollowMembers(pg::Session& session, const LiveIndex& index, bool again);

/// The plan of an index over many schemas without those that have one of these tables.
std::shared_ptr<const plan::Plan> WithoutTables(const plan::Plan& plan,
                                                const std::map<std::uint32_t, std::string>& tables);

/// The index is not one over many schemas (any more).
void ForgetMembers(pg::Session& session, const std::string& index);

}  // namespace pgsluice::sync
