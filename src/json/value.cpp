#include "pgsluice/json/value.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "json/parser.h"

namespace pgsluice::json {

Value::Value() = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

const Value* Value::Find(std::string_view name) const {
  for (const Member& member : members) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

const Value* Value::Find(std::initializer_list<std::string_view> path) const {
  const Value* value = this;
  for (const std::string_view name : path) {
    value = value->Find(name);
    if (value == nullptr) return nullptr;
  }
  return value;
}

std::optional<std::int64_t> Value::AsInt() const {
  if (type != Type::kNumber) return std::nullopt;
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> Value::AsDouble() const {
  if (type != Type::kNumber) return std::nullopt;
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Value Parse(std::string_view input, const ParseOptions& options) {
  return JsonParser(input, options).Document();
}

std::string Place(std::string_view input, std::size_t offset) {
  const std::string_view before = input.substr(0, std::min(offset, input.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t last = before.rfind('\n');
  const std::size_t column = before.size() - (last == std::string_view::npos ? 0 : last + 1) + 1;
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace pgsluice::json
