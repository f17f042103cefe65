#pragma once

#include "pgsluice/plan/plan.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

/// Marks the identifiers of a plan. Reports settings of `search` and `mapping` that would have no
/// effect, or would disable what the API offers for a field.
void CheckSearch(Plan& plan, Building& building);

/// Does the same, and reports configured paths that the documents do not have.
void CheckPaths(Plan& plan, Building& building);

}  // namespace pgsluice::plan
