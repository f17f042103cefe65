#pragma once

#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// Fills the structs from a value that Checker has accepted.
Config Bind(const json::Value& checked);

}  // namespace pgsluice::config
