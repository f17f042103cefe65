#pragma once

#include <string>
#include <string_view>

#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// Returns the effective configuration as indented JSON, with secrets masked.
std::string PrintJson(const Config& config);

/// Returns a JSON value indented by two spaces, with small lists and objects on one line.
std::string Pretty(const json::Value& value);

}  // namespace pgsluice::config
