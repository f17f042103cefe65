#pragma once

#include "config/checker.h"
#include "pgsluice/config/config.h"

namespace pgsluice::config {

/// Checks what a single value cannot show: names that must exist, options that exclude each other,
/// listening without authentication.
void CheckRules(const Config& config, const json::Value& checked, const Origin& origin,
                Findings& findings);

}  // namespace pgsluice::config
