#include "pgsluice/query/cursor_values.h"

#include <charconv>

#include "pgsluice/base/error.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/query/answer.h"

namespace pgsluice::query {

namespace {

using json::Value;

/// Returns whether a value fits a type. The engine writes a missing double as an infinity, and a
/// missing text as null.
bool Fits(const Value& value, const SortType& type) {
  if (value.IsNull()) return type.name != "__id";
  if (!type.number) return value.IsString();
  return value.IsNumber() || value.IsBool() ||
         (value.IsString() && (value.text == "Infinity" || value.text == "-Infinity"));
}

bool Fit(const std::vector<Value>& values, const std::vector<SortType>& types) {
  if (values.size() != types.size()) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!Fits(values[i], types[i])) return false;
  }
  return true;
}

std::string Join(const std::vector<SortType>& types) {
  std::string out;
  for (const SortType& type : types) out += type.name + ' ';
  return out;
}

/// Returns the types, and after '@' the time from which ages are counted.
std::string Head(const SearchInput& input) {
  std::string head = Join(SortTypes(input));
  if (input.tuning.HasAges()) head += '@' + std::to_string(input.tuning.now_ms);
  return head;
}

Value Parse(std::string_view payload) {
  try {
    return json::Parse(payload, {.max_depth = 2});
  } catch (const Error&) {
    RejectCursor();
  }
}

}  // namespace

std::string CursorPayload(const SearchInput& input, std::string_view sort_values) {
  Value values = ParsePart(sort_values);
  const std::vector<SortType> types = SortTypes(input);
  if (!values.IsArray() || !Fit(values.items, types)) {
    throw Problem(502, "engine_error", "the engine's sort values do not fit the sort");
  }
  Value& first = *values.items.emplace(values.items.begin());
  first.type = json::Type::kString;
  first.text = Head(input);
  return json::ToText(values);
}

std::string SearchAfter(const SearchInput& input, std::string_view payload) {
  Value values = Parse(payload);
  const std::vector<SortType> types = SortTypes(input);
  if (!values.IsArray() || values.items.empty() || !values.items.front().IsString()) RejectCursor();
  const std::string& head = values.items.front().text;
  if (head.substr(0, head.find('@')) != Join(types)) {
    throw CursorExpired("the index was rebuilt with other types");
  }
  values.items.erase(values.items.begin());
  if (!Fit(values.items, types)) RejectCursor();
  return json::ToText(values);
}

std::optional<std::int64_t> CursorTime(std::string_view payload) {
  const Value values = Parse(payload);
  if (!values.IsArray() || values.items.empty()) return std::nullopt;
  const std::string& head = values.items.front().text;
  const std::size_t at = head.find('@');
  if (at == std::string::npos) return std::nullopt;
  std::int64_t time = 0;
  std::from_chars(head.data() + at + 1, head.data() + head.size(), time);
  return time;
}

void RejectCursor() {
  Reject("invalid_cursor", "cursor", std::nullopt,
         "the cursor does not belong to this search; start again without it");
}

Problem CursorExpired(const std::string& why) {
  return {410,
          {"cursor", std::nullopt, "cursor_expired", why + "; start again without the cursor", {}}};
}

}  // namespace pgsluice::query
