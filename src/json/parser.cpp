#include "json/parser.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <unordered_set>

#include "json/plain.h"
#include "pgsluice/base/error.h"
#include "pgsluice/json/utf8.h"

namespace pgsluice::json {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(std::string& out, unsigned code) {
  const auto byte = [&](unsigned value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0U | code >> 6U);
    byte(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    byte(0xE0U | code >> 12U);
    byte(0x80U | (code >> 6U & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  } else {
    byte(0xF0U | code >> 18U);
    byte(0x80U | (code >> 12U & 0x3FU));
    byte(0x80U | (code >> 6U & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  }
}

/// Returns whether the last member has the name of an earlier one. A few names are compared one by
/// one, which is cheaper than a set; `names` holds those of an object with many members.
bool Repeats(const std::vector<Value::Member>& members, std::unordered_set<std::string>& names) {
  constexpr std::size_t kFew = 16;
  const std::string& name = members.back().first;
  const auto same = [&](const Value::Member& member) { return member.first == name; };
  if (members.size() <= kFew) return std::any_of(members.begin(), members.end() - 1, same);
  if (names.empty()) {
    for (std::size_t i = 0; i + 1 < members.size(); ++i) names.insert(members[i].first);
  }
  return !names.insert(name).second;
}

}  // namespace

void JsonParser::Fail(std::string_view reason, std::size_t offset) const {
  throw Error(Disposition::kReject,
              fmt::format("{}: invalid JSON: {}", Place(input_, offset), reason));
}

std::size_t Utf8Length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && at(1) < 0x90;
    const bool beyond = lead == 0xF4 && at(1) > 0x8F;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Value JsonParser::Document() {
  Value value;
  ParseValue(value, 0);
  if (Peek() != 0 || at_ < input_.size()) Fail("more text after the end of the document");
  return value;
}

void JsonParser::ParseValue(Value& out, int depth) {
  if (++values_ > options_.max_values)
    Fail(fmt::format("more than {} values", options_.max_values));
  const char next = Peek();
  out.begin = at_;
  if (next == '{') {
    ParseObject(out, depth + 1);
  } else if (next == '[') {
    ParseArray(out, depth + 1);
  } else if (next == '"') {
    out.type = Type::kString;
    ParseString(out.text);
  } else if (next == '-' || IsDigit(next)) {
    ParseNumber(out);
  } else if (next == 't' || next == 'f') {
    out.type = Type::kBool;
    out.boolean = next == 't';
    ParseWord(out.boolean ? "true" : "false");
  } else if (next == 'n') {
    ParseWord("null");
  } else {
    Fail(at_ < input_.size() ? "a value was expected" : "the text ends too early");
  }
  out.end = at_;
}

void JsonParser::ParseObject(Value& out, int depth) {
  if (depth > options_.max_depth) {
    Fail(fmt::format("nested deeper than {} levels", options_.max_depth));
  }
  out.type = Type::kObject;
  std::unordered_set<std::string> names;
  ++at_;
  if (Take('}')) return;
  do {
    if (Peek() != '"') Fail("a member name in double quotes was expected");
    const std::size_t place = at_;
    Value::Member& member = out.members.emplace_back();
    ParseString(member.first);
    if (Repeats(out.members, names)) {
      Fail(fmt::format("member \"{}\" is given more than once", member.first), place);
    }
    if (!Take(':')) Fail("':' was expected");
    ParseValue(member.second, depth);
  } while (More('}'));
}

void JsonParser::ParseArray(Value& out, int depth) {
  if (depth > options_.max_depth) {
    Fail(fmt::format("nested deeper than {} levels", options_.max_depth));
  }
  out.type = Type::kArray;
  ++at_;
  if (Take(']')) return;
  do {
    ParseValue(out.items.emplace_back(), depth);
  } while (More(']'));
}

bool JsonParser::More(char closing) {
  if (Take(closing)) return false;
  if (!Take(',')) Fail(fmt::format("',' or '{}' was expected", closing));
  return !(options_.trailing_commas && Take(closing));
}

void JsonParser::ParseString(std::string& out) {
  const std::size_t start = at_++;
  while (true) {
    const std::size_t plain = PlainRun(input_, at_);
    out.append(input_, at_, plain);
    at_ += plain;
    if (at_ >= input_.size()) Fail("a string is not closed", start);
    const char c = input_[at_];
    if (c == '"') {
      ++at_;
      return;
    }
    if (c == '\\') {
      ParseEscape(out);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      Fail("a control character inside a string");
    } else {
      CopyUtf8(out);
    }
  }
}

void JsonParser::CopyUtf8(std::string& out) {
  const std::size_t length = Utf8Length(input_.substr(at_));
  if (length == 0) Fail("a string is not valid UTF-8");
  out.append(input_, at_, length);
  at_ += length;
}

void JsonParser::ParseEscape(std::string& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
  const std::size_t place = at_++;
  const char name = at_ < input_.size() ? input_[at_++] : '\0';
  if (name != 'u') {
    const std::size_t index = kNames.find(name);
    if (name == '\0' || index == std::string_view::npos) Fail("an unknown escape", place);
    out += kBytes[index];
    return;
  }
  unsigned code = ParseHex4();
  if (code >= 0xD800 && code < 0xDC00) {
    if (input_.substr(at_, 2) != "\\u") Fail("half of a surrogate pair", place);
    at_ += 2;
    const unsigned low = ParseHex4();
    if (low < 0xDC00 || low > 0xDFFF) Fail("half of a surrogate pair", place);
    code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code <= 0xDFFF) {
    Fail("half of a surrogate pair", place);
  }
  AppendUtf8(out, code);
}

unsigned JsonParser::ParseHex4() {
  unsigned code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at_ < input_.size() ? input_[at_] : '\0';
    unsigned digit = 0;
    if (IsDigit(c)) {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<unsigned>(c - 'A') + 10;
    } else {
      Fail("four hexadecimal digits were expected");
    }
    code = code << 4U | digit;
    ++at_;
  }
  return code;
}

bool JsonParser::SkipDigits() {
  const std::size_t start = at_;
  while (at_ < input_.size() && IsDigit(input_[at_])) ++at_;
  return at_ > start;
}

void JsonParser::ParseNumber(Value& out) {
  const auto next = [&] { return at_ < input_.size() ? input_[at_] : '\0'; };
  const std::size_t start = at_;
  if (next() == '-') ++at_;
  if (next() == '0') {
    ++at_;
  } else if (!SkipDigits()) {
    Fail("a digit was expected");
  }
  if (next() == '.') {
    ++at_;
    if (!SkipDigits()) Fail("a digit was expected after the point");
  }
  if (next() == 'e' || next() == 'E') {
    ++at_;
    if (next() == '+' || next() == '-') ++at_;
    if (!SkipDigits()) Fail("a digit was expected in the exponent");
  }
  out.type = Type::kNumber;
  out.text = input_.substr(start, at_ - start);
}

void JsonParser::ParseWord(std::string_view word) {
  if (input_.substr(at_, word.size()) != word) Fail("a value was expected");
  at_ += word.size();
}

char JsonParser::Peek() {
  while (at_ < input_.size()) {
    const char c = input_[at_];
    if (c == '/' && options_.comments) {
      SkipComment();
    } else if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      ++at_;
    } else {
      return c;
    }
  }
  return '\0';
}

bool JsonParser::Take(char expected) {
  if (Peek() != expected) return false;
  ++at_;
  return true;
}

void JsonParser::SkipComment() {
  const std::string_view rest = input_.substr(at_);
  const bool line = rest.substr(0, 2) == "//";
  if (!line && rest.substr(0, 2) != "/*") Fail("a comment begins with // or /*");
  const std::size_t end = rest.find(line ? "\n" : "*/", 2);
  if (end == std::string_view::npos) {
    if (!line) Fail("a comment is not closed");
    at_ = input_.size();
  } else {
    at_ += end + (line ? 1 : 2);
  }
}

}  // namespace pgsluice::json
