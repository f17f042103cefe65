#include "config/checker.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "pgsluice/config/values.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::config {

namespace {

using json::Value;

std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + '.' + name;
}

const char* Describe(const Value& value) {
  switch (value.type) {
    case json::Type::kNull:
      return "null";
    case json::Type::kBool:
      return "true or false";
    case json::Type::kNumber:
      return "a number";
    case json::Type::kString:
      return "a string";
    case json::Type::kArray:
      return "a list";
    case json::Type::kObject:
      return "an object";
  }
  return "";
}

std::string MustBe(const char* what, const Value& value) {
  return fmt::format("must be {}, not {}", what, Describe(value));
}

std::string List(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string DidYouMean(const std::string& name, const std::vector<std::string>& candidates) {
  const std::string nearest = Nearest(name, candidates);
  return nearest.empty() ? nearest : "did you mean \"" + nearest + "\"?";
}

/// Returns where the name of the member begins whose value begins at `value`; `value` if it has
/// none.
std::size_t NameOffset(const std::string& text, std::size_t value) {
  const auto colon = text.find_last_not_of(" \t\r\n", value == 0 ? 0 : value - 1);
  if (value == 0 || colon == std::string::npos || text[colon] != ':' || colon == 0) return value;
  const auto quote = text.find_last_not_of(" \t\r\n", colon - 1);
  if (quote == std::string::npos || quote == 0 || text[quote] != '"') return value;
  for (auto at = text.rfind('"', quote - 1); at != std::string::npos;
       at = text.rfind('"', at - 1)) {
    if (at == 0 || text[at - 1] != '\\') return at;
  }
  return value;
}

}  // namespace

std::string Origin::Place(const std::string& path, const Value* value) const {
  for (const auto& [overridden, source] : overrides) {
    if (path == overridden || path.starts_with(overridden + '[')) return source;
  }
  if (file.empty()) return path;
  if (value == nullptr) return path.empty() ? file : file + ": " + path;
  const auto offset = NameOffset(text, value->begin);
  return file + ", " + json::Place(text, offset) + (path.empty() ? "" : ": " + path);
}

std::nullopt_t Checker::Wrong(const Value& given, const std::string& path,
                              const std::string& message, const std::string& hint) {
  findings_.push_back({origin_.Place(path, &given), message, hint});
  return std::nullopt;
}

Value Checker::Object(const std::vector<Option>& options, const Value& given,
                      const std::string& path) {
  Value out;
  out.type = json::Type::kObject;
  out.begin = given.begin;
  Unknown(options, given, path);
  for (const Option& option : options) {
    const std::string place = Join(path, option.name);
    const Value* member = given.Find(option.name);
    if (member == nullptr && option.required) {
      Wrong(given, path, fmt::format("\"{}\" is missing", option.name));
    }
    if (member != nullptr && member->IsNull() && option.nullable) continue;
    std::optional<Value> right;
    if (member != nullptr) right = One(option, *member, place);
    if (!right && !option.default_json.empty()) {
      right = One(option, json::Parse(option.default_json), place);
    }
    if (right) out.members.emplace_back(option.name, std::move(*right));
  }
  return out;
}

void Checker::Unknown(const std::vector<Option>& options, const Value& given,
                      const std::string& path) {
  std::vector<std::string> names;
  for (const Option& option : options) names.push_back(option.name);
  for (const auto& [name, value] : given.members) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string hint = DidYouMean(name, names);
    if (hint.empty()) hint = "known here: " + List(names);
    Wrong(value, Join(path, name), fmt::format("unknown key \"{}\"", name), hint);
  }
}

std::optional<Value> Checker::One(const Option& option, const Value& given,
                                  const std::string& path) {
  switch (option.type) {
    case Type::kString:
      return Text(option, given, path);
    case Type::kInteger:
    case Type::kNumber:
    case Type::kBytes:
      return Number(option, given, path);
    case Type::kBool:
      if (given.IsBool()) return given;
      return Wrong(given, path, MustBe("true or false", given));
    case Type::kStrings:
      return Strings(option, given, path);
    case Type::kObject:
      if (given.IsObject()) return Object(option.members(), given, path);
      return Wrong(given, path, MustBe("an object", given));
    case Type::kObjects:
      return Objects(option, given, path);
    case Type::kMap:
      return Map(option, given, path);
    case Type::kAnyObject:
      if (given.IsObject()) return given;
      return Wrong(given, path, MustBe("an object", given));
    case Type::kAggregate:
      return Aggregate(given, path);
  }
  return std::nullopt;
}

std::optional<Value> Checker::Text(const Option& option, const Value& given,
                                   const std::string& path) {
  if (!given.IsString()) return Wrong(given, path, MustBe("a string", given));
  const auto& allowed = option.allowed;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), given.text) == allowed.end()) {
    return Wrong(given, path,
                 fmt::format("must be one of {}, not \"{}\"", List(allowed), given.text),
                 DidYouMean(given.text, allowed));
  }
  if (option.required && given.text.empty()) return Wrong(given, path, "must not be empty");
  if (option.check != nullptr) {
    if (const auto wrong = option.check(given.text)) return Wrong(given, path, *wrong);
  }
  return given;
}

std::optional<Value> Checker::Number(const Option& option, const Value& given,
                                     const std::string& path) {
  Value number = given;
  if (option.type == Type::kBytes && given.IsString()) {
    const auto bytes = ParseBytes(given.text);
    if (!bytes) return Wrong(given, path, "must be a size as in 512KB, 5MB, 1GB");
    number.type = json::Type::kNumber;
    number.text = std::to_string(*bytes);
  }
  const bool whole = option.type != Type::kNumber;
  if (!number.IsNumber() || (whole && !number.AsInt())) {
    const char* what = option.type == Type::kBytes ? "a size as in 5MB"
                       : whole                     ? "a whole number"
                                                   : "a number";
    return Wrong(given, path,
                 given.IsNumber() ? fmt::format("must be {}, not {}", what, given.text)
                                  : MustBe(what, given));
  }
  const double value = number.AsDouble().value_or(0);
  if (value < option.min || value > option.max) {
    return Wrong(
        given, path,
        fmt::format("must be from {:.15g} to {:.15g}, not {}", option.min, option.max, given.text));
  }
  return number;
}

std::optional<Value> Checker::Strings(const Option& option, const Value& given,
                                      const std::string& path) {
  if (!given.IsArray()) return Wrong(given, path, MustBe("a list of strings", given));
  if (given.items.empty() && (option.required || option.url)) {
    return Wrong(given, path, "must not be empty");
  }
  Value out = given;
  out.items.clear();
  for (std::size_t i = 0; i < given.items.size(); ++i) {
    if (auto item = Text(option, given.items[i], fmt::format("{}[{}]", path, i))) {
      out.items.push_back(std::move(*item));
    }
  }
  return out;
}

std::optional<Value> Checker::Objects(const Option& option, const Value& given,
                                      const std::string& path) {
  if (!given.IsArray()) return Wrong(given, path, MustBe("a list of objects", given));
  Value out = given;
  out.items.clear();
  for (std::size_t i = 0; i < given.items.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", path, i);
    if (given.items[i].IsObject()) {
      out.items.push_back(Object(option.members(), given.items[i], place));
    } else {
      Wrong(given.items[i], place, MustBe("an object", given.items[i]));
    }
  }
  return out;
}

std::optional<Value> Checker::Map(const Option& option, const Value& given,
                                  const std::string& path) {
  if (!given.IsObject()) return Wrong(given, path, MustBe("an object", given));
  Option item;
  item.type = option.members != nullptr ? Type::kObject : option.item;
  item.members = option.members;
  item.min = option.min;
  item.max = option.max;
  item.allowed = option.allowed;
  Value out = given;
  out.members.clear();
  for (const auto& [name, value] : given.members) {
    if (auto right = One(item, value, Join(path, name))) {
      right->begin = value.begin;
      out.members.emplace_back(name, std::move(*right));
    }
  }
  return out;
}

std::optional<Value> Checker::Aggregate(const Value& given, const std::string& path) {
  static const std::vector<std::string> kFunctions = {"sum", "min", "max", "avg"};
  const std::string expected = "must be \"count\" or one of {\"sum\": \"column\"}, min, max, avg";
  if (given.IsString() && given.text == "count") return given;
  if (!given.IsObject() || given.members.size() != 1) return Wrong(given, path, expected);
  const auto& [name, column] = given.members.front();
  if (std::find(kFunctions.begin(), kFunctions.end(), name) == kFunctions.end()) {
    return Wrong(column, Join(path, name), expected, DidYouMean(name, kFunctions));
  }
  if (!column.IsString()) return Wrong(column, Join(path, name), MustBe("a column", column));
  return given;
}

}  // namespace pgsluice::config
