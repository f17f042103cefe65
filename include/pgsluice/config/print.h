#pragma once

#include <string>
#include <string_view>

#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// The effective configuration as indented JSON, secrets masked.
std::string PrintJson(const Config& config);

/// Any JSON value, indented by two spaces; small lists and objects on one line.
std::string Pretty(const json::Value& value);

}  // namespace pgsluice::config
