#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/observe/log.h"

namespace pgsluice::observe {

/// Returns the members after "ts": `"level":"info","msg":"…","component":"…",` and the fields. A
/// field is a string unless its text is a JSON number.
std::string JsonLine(Level level, std::string_view component, std::string_view message,
                     const std::vector<LogField>& fields);

/// Returns `component: message (name=value, name="two words")`.
std::string TextLine(std::string_view component, std::string_view message,
                     const std::vector<LogField>& fields);

}  // namespace pgsluice::observe
