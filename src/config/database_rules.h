#pragma once

#include "config/checker.h"
#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// Checks `databases`, and the database that each index names.
void CheckDatabases(const Config& config, const json::Value& checked, const Origin& origin,
                    Findings& findings);

}  // namespace pgsluice::config
