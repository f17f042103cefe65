#pragma once

#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// The structs from a value that Checker has passed.
Config Bind(const json::Value& checked);

}  // namespace pgsluice::config
