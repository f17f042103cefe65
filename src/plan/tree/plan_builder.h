#pragma once

#include <memory>

#include "pgsluice/plan/plan.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

/// The plan of one index, or null with findings in `building`. Fragments are collected, not yet
/// checked by the server.
std::shared_ptr<Plan> BuildPlan(Building& building);

/// The indexes of the configuration, or one per table of schema public; not planned yet.
std::vector<Planned> WantedIndexes(const config::Config& config, const catalog::Catalog& catalog,
                                   pg::Session& session);

}  // namespace pgsluice::plan
