#pragma once

#include "document/tree/fields.h"
#include "pgsluice/document/plan.h"

namespace pgsluice::document {

/// Marks the identifiers of a plan, and reports settings of `search` and of `mapping` that would
/// have no effect or would take from a field what the API offers.
void CheckSearch(Plan& plan, Building& building);

}  // namespace pgsluice::document
