#pragma once

#include <string>

#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// Returns the pgsluice.source id for events whose keys are those of the plan's documents: retries,
/// repairs and dead letters. It is that of the root's triggers if their keys begin with the
/// document's key, else one of its own, also for a view, which has no triggers.
std::string RootSource(pg::Session& session, const plan::Plan& plan);

}  // namespace pgsluice::sync
