#include "config/overlay.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <regex>

#include "pgsluice/base/error.h"
#include "pgsluice/base/read_file.h"

namespace pgsluice::config {

namespace {

using json::Value;

/// Returns the content of a file without the final line end that editors add.
std::string ReadSecretFile(const std::string& file) {
  std::string text = base::ReadFile(file);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

/// Returns the variable's value, or the content of the file that NAME_FILE names.
std::optional<std::string> FromEnvironment(const Option& option, const Environment& environment,
                                           std::string& source, Findings& findings) {
  if (option.environment.empty()) return std::nullopt;
  auto value = environment(option.environment);
  if (value && value->empty()) value.reset();
  source = option.environment;
  if (!option.secret && !option.url) return value;
  const std::string name = option.environment + "_FILE";
  const auto file = environment(name);
  if (!file || file->empty()) return value;
  if (value) {
    findings.push_back(
        {name, fmt::format("{} is set as well", option.environment), "set only one of them"});
    return value;
  }
  source = name;
  try {
    return ReadSecretFile(*file);
  } catch (const Error& error) {
    findings.push_back({name, error.what(), error.hint()});
    return std::nullopt;
  }
}

Value String(const std::string& text) {
  Value value;
  value.type = json::Type::kString;
  value.text = text;
  return value;
}

Value FromText(const Option& option, const std::string& text) {
  Value value = String(text);
  if (option.type == Type::kInteger && text.size() < 19 && !text.empty() &&
      text.find_first_not_of("0123456789") == std::string::npos) {
    value.type = json::Type::kNumber;
  }
  if (option.type != Type::kStrings) return value;
  value.type = json::Type::kArray;
  value.text.clear();
  for (std::size_t start = 0; start <= text.size();) {
    const auto comma = std::min(text.find(',', start), text.size());
    const auto first = text.find_first_not_of(' ', start);
    const auto last = text.find_last_not_of(' ', comma == 0 ? 0 : comma - 1);
    if (first < comma) value.items.push_back(String(text.substr(first, last - first + 1)));
    start = comma + 1;
  }
  return value;
}

/// Sets the value at a path, and creates missing objects on the way. If the file has another type
/// there, the checker reports it.
void Set(Value& root, const std::vector<std::string>& path, Value value) {
  Value* at = &root;
  for (const std::string& name : path) {
    if (at->IsNull()) at->type = json::Type::kObject;
    if (!at->IsObject()) return;
    Value* next = nullptr;
    for (auto& [key, member] : at->members) {
      if (key == name) next = &member;
    }
    if (next == nullptr) {
      at->members.emplace_back(name, Value());
      next = &at->members.back().second;
    }
    at = next;
  }
  *at = std::move(value);
}

}  // namespace

void Substitute(Value& value, const std::string& path, const Origin& origin,
                const Environment& environment, Findings& findings) {
  for (auto& [name, member] : value.members) {
    Substitute(member, path.empty() ? name : path + '.' + name, origin, environment, findings);
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    Substitute(value.items[i], fmt::format("{}[{}]", path, i), origin, environment, findings);
  }
  if (!value.IsString() || value.text.find("${") == std::string::npos) return;
  static const std::regex kVariable(R"(\$?\$\{([A-Za-z_][A-Za-z0-9_]*)\})");
  std::string out;
  auto rest = value.text.cbegin();
  for (std::smatch match; std::regex_search(rest, value.text.cend(), match, kVariable);) {
    out.append(rest, match[0].first);
    rest = match[0].second;
    if (match.str().starts_with("$$")) {  // "$${NAME}" is the text "${NAME}"
      out += match.str().substr(1);
      continue;
    }
    const auto replacement = environment(match[1].str());
    if (!replacement) {
      findings.push_back({origin.Place(path, &value),
                          fmt::format("environment variable {} is not set", match[1].str()),
                          {}});
    }
    out += replacement.value_or("");
  }
  out.append(rest, value.text.cend());
  value.text = out;
}

void Overlay(Value& root, const Overrides& overrides, const Environment& environment,
             Origin& origin, Findings& findings) {
  for (const Setting& setting : Settings()) {
    std::string source;
    auto text = FromEnvironment(*setting.option, environment, source, findings);
    const auto flag = overrides.flags.find(setting.option->flag);
    if (!setting.option->flag.empty() && flag != overrides.flags.end()) {
      text = flag->second;
      source = "--" + setting.option->flag;
    }
    if (!text) continue;
    // A secret for JWT alone does not enable JWT.
    if (setting.path.size() == 3 && root.Find({setting.path[0], setting.path[1]}) == nullptr) {
      continue;
    }
    Set(root, setting.path, FromText(*setting.option, *text));
    origin.overrides[fmt::format("{}", fmt::join(setting.path, "."))] = source;
  }
}

std::optional<Finding> CheckFlag(const std::string& flag, const std::string& value) {
  Findings findings;
  for (const Setting& setting : Settings()) {
    if (setting.option->flag != flag) continue;
    Value given;
    given.type = json::Type::kObject;
    given.members.emplace_back(setting.option->name, FromText(*setting.option, value));
    const Origin origin;
    Checker(origin, findings).Object({*setting.option}, given, "");
  }
  return findings.empty() ? std::nullopt : std::optional(findings.front());
}

}  // namespace pgsluice::config
