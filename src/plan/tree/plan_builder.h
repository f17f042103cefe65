#pragma once

#include <memory>

#include "pgsluice/plan/plan.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

/// Builds the plan of one index; null with findings in `building`. Collects SQL fragments, which
/// the server checks later.
std::shared_ptr<Plan> BuildPlan(Building& building);

/// Returns the columns of a table in the plan that matter.
std::string ColumnsText(const catalog::Table& table, const Plan& plan);

/// Returns the indexes of the configuration, or one per table of schema public, not planned yet.
std::vector<Planned> WantedIndexes(const config::Config& config, const catalog::Catalog& catalog,
                                   pg::Session& session);

}  // namespace pgsluice::plan
