#pragma once

#include <functional>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::app {

/// Reports a mistake at a path of the configuration.
using ReportMistake = std::function<void(const std::string& place, const std::string& message,
                                         const std::string& hint)>;

/// Reports filters of `search.ranking` and `search.rules` that cannot be read, and rules without
/// words. Does not need the fields.
void CheckRankingTexts(const config::Index& index, const ReportMistake& report);
/// Reports what does not fit the fields of an index. Skips what cannot be read.
void CheckRankingFields(const config::Index& index, const query::Schema& schema,
                        const ReportMistake& report);

}  // namespace pgsluice::app
