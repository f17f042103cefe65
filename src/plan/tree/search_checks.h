#pragma once

#include "pgsluice/plan/plan.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

/// Marks the identifiers of a plan, and reports settings of `search` and of `mapping` that would
/// have no effect or would take from a field what the API offers.
void CheckSearch(Plan& plan, Building& building);

}  // namespace pgsluice::plan
