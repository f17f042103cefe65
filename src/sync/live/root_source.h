#pragma once

#include <string>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// Returns the pgsluice.source id for events whose keys are document keys: retries, repairs and
/// dead letters. This is the source of the root's triggers if their keys begin with the document's
/// key. Otherwise, and for a view, which has no triggers, it is a separate one.
std::string RootSource(pg::Session& session, const plan::Plan& plan);

/// Does the same for each member of an index over many schemas, in their order. Without `add`,
/// creates no source and returns 0 for a missing one.
std::vector<int> MemberSources(pg::Session& session, const plan::Plan& plan, bool add);

}  // namespace pgsluice::sync
