#pragma once

#include <string>
#include <string_view>

#include "pgsluice/json/value.h"

namespace pgsluice::json {

/// Appends `text` as a JSON string with its quotes. The input is UTF-8; control characters, quote
/// and backslash are escaped, other bytes are copied.
void AppendString(std::string& out, std::string_view text);
/// The same as a value of its own.
std::string Quote(std::string_view text);
/// Appends `value` without white space; numbers as they were written.
void Append(std::string& out, const Value& value);
std::string ToText(const Value& value);

}  // namespace pgsluice::json
