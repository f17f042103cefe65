#pragma once

#include <memory>
#include <vector>

#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::app {

/// What can be wrong with keys, policies and certificates without asking a database: filters that
/// cannot be read, files that are missing or hold no key. Also warns of what is not safe.
void CheckAccess(const config::Config& config, config::Findings& findings);

/// The same against the fields of the documents: policies' filters and hidden fields, default_sort,
/// facets.
void CheckAccessToFields(const config::Config& config,
                         const std::vector<std::shared_ptr<const plan::Plan>>& plans,
                         config::Findings& findings);

}  // namespace pgsluice::app
