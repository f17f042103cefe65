#pragma once

#include "config/checker.h"
#include "pgsluice/config/config.h"

namespace pgsluice::config {

/// What no single value shows: names that must exist, choices that exclude each other, listening
/// without authentication.
void CheckRules(const Config& config, const json::Value& checked, const Origin& origin,
                Findings& findings);

}  // namespace pgsluice::config
