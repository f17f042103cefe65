#include "observe/log_format.h"

#include <cctype>

#include "pgsluice/base/printable.h"

namespace pgsluice::observe {

namespace {

const char* LevelName(Level level) {
  static constexpr const char* kNames[] = {"trace", "debug", "info", "warn", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

std::string Quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out += std::string("\\u00") + kHex[byte >> 4U] + kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// Returns whether it is a plain decimal number of at most 15 digits, which JSON readers keep
/// exactly.
bool IsNumber(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.size() > 16 ||
      (digits[0] == '0' && digits.size() > 1 && digits[1] != '.')) {
    return false;
  }
  const auto dot = digits.find('.');
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != dot && std::isdigit(static_cast<unsigned char>(digits[i])) == 0) return false;
  }
  return dot != 0 && dot != digits.size() - 1;
}

bool IsPlain(std::string_view text) {
  return !text.empty() && text.find_first_of(" ,=()\"\n\t") == std::string_view::npos;
}

}  // namespace

std::string JsonLine(Level level, std::string_view component, std::string_view message,
                     const std::vector<LogField>& fields) {
  std::string out = std::string("\"level\":\"") + LevelName(level) +
                    "\",\"msg\":" + Quoted(message) + ",\"component\":" + Quoted(component);
  for (const auto& [name, value] : fields) {
    out += ',' + Quoted(name) + ':' + (IsNumber(value) ? value : Quoted(value));
  }
  return out;
}

std::string TextLine(std::string_view component, std::string_view message,
                     const std::vector<LogField>& fields) {
  std::string out(component);
  out += ": ";
  // A message with line feeds must not look like several messages.
  std::string line;
  for (const char c : message) line += c == '\n' ? ' ' : c;
  out += base::Printable(line);
  const char* before = " (";
  for (const auto& [name, value] : fields) {
    out += before;
    out += name;
    out += '=' + base::Printable(IsPlain(value) ? value : Quoted(value));
    before = ", ";
  }
  if (!fields.empty()) out += ')';
  return out;
}

}  // namespace pgsluice::observe
