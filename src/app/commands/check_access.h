#pragma once

#include <memory>
#include <vector>

#include "pgsluice/config/config.h"
#include "pgsluice/config/problem.h"
#include "pgsluice/document/plan.h"

namespace pgsluice::app {

/// What can be wrong with keys, policies and certificates without asking a database: filters that
/// cannot be read, files that are missing or hold no key. Also warns of what is not safe.
void CheckAccess(const config::Config& config, config::Problems& problems);

/// The same against the fields of the documents: policies' filters and hidden fields, default_sort,
/// facets.
void CheckAccessToFields(const config::Config& config,
                         const std::vector<std::shared_ptr<const document::Plan>>& plans,
                         config::Problems& problems);

}  // namespace pgsluice::app
