#pragma once

#include <functional>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"

namespace pgsluice::config {

/// Reports a finding at a path of the configuration.
using Report = std::function<void(const std::string& path, const json::Value* value,
                                  const std::string& message, const std::string& hint)>;

/// Reports what is wrong with `search.ranking` and `search.rules` of an index, as far as that does
/// not depend on its fields. `value`: the checked "search".
void CheckSearchRules(const Index& index, const json::Value& value, const Report& report);

}  // namespace pgsluice::config
