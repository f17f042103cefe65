#pragma once

#include <string>
#include <string_view>

#include "pgsluice/json/value.h"

namespace pgsluice::json {

/// Appends `text` as a JSON string with its quotes. The input must be UTF-8. Escapes control
/// characters, quotes and backslashes; copies other bytes.
void AppendString(std::string& out, std::string_view text);
/// Returns `text` as a JSON string with its quotes.
std::string Quote(std::string_view text);
/// Appends `value` without white space, and numbers as they were written.
void Append(std::string& out, const Value& value);
std::string ToText(const Value& value);

}  // namespace pgsluice::json
