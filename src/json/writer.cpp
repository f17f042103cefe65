#include "pgsluice/json/writer.h"

#include "json/plain.h"

namespace pgsluice::json {

namespace {

constexpr char kHex[] = "0123456789abcdef";

void AppendEscape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[c >> 4U];
      out += kHex[c & 15U];
  }
}

}  // namespace

void AppendString(std::string& out, std::string_view text) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = PlainRun(text, 0); i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, copied, i - copied);
    AppendEscape(out, c);
    copied = i + 1;
    i += PlainRun(text, copied);
  }
  out.append(text, copied, text.size() - copied);
  out += '"';
}

std::string Quote(std::string_view text) {
  std::string out;
  AppendString(out, text);
  return out;
}

void Append(std::string& out, const Value& value) {
  const char* separator = "";
  switch (value.type) {
    case Type::kNull:
      out += "null";
      return;
    case Type::kBool:
      out += value.boolean ? "true" : "false";
      return;
    case Type::kNumber:
      out += value.text;
      return;
    case Type::kString:
      AppendString(out, value.text);
      return;
    case Type::kArray:
      out += '[';
      for (const Value& item : value.items) {
        out += separator;
        Append(out, item);
        separator = ",";
      }
      out += ']';
      return;
    case Type::kObject:
      out += '{';
      for (const Value::Member& member : value.members) {
        out += separator;
        AppendString(out, member.first);
        out += ':';
        Append(out, member.second);
        separator = ",";
      }
      out += '}';
      return;
  }
}

std::string ToText(const Value& value) {
  std::string out;
  Append(out, value);
  return out;
}

}  // namespace pgsluice::json
