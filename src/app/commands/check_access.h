#pragma once

#include <memory>
#include <vector>

#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::app {

/// Checks keys, policies and certificates without a database: filters that cannot be read, files
/// that are missing or contain no key. Also warns about settings that are not safe.
void CheckAccess(const config::Config& config, config::Findings& findings);

/// Checks policies' filters, hidden fields, default_sort and facets against the fields of the
/// documents.
void CheckAccessToFields(const config::Config& config,
                         const std::vector<std::shared_ptr<const plan::Plan>>& plans,
                         config::Findings& findings);

}  // namespace pgsluice::app
