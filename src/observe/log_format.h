#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/observe/log.h"

namespace pgsluice::observe {

/// The members behind "ts": `"level":"info","msg":"…","component":"…",` then the fields, which are
/// strings except where their text is a JSON number.
std::string JsonLine(Level level, std::string_view component, std::string_view message,
                     const std::vector<LogField>& fields);

/// `component: message (name=value, name="two words")`.
std::string TextLine(std::string_view component, std::string_view message,
                     const std::vector<LogField>& fields);

}  // namespace pgsluice::observe
