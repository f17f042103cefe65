#include "pgsluice/config/loader.h"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "config/binder.h"
#include "config/checker.h"
#include "config/options.h"
#include "config/overlay.h"
#include "config/rules.h"
#include "pgsluice/base/error.h"
#include "pgsluice/base/read_file.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::config {

namespace {

constexpr const char* kDefaultFile = "pgsluice.json";

/// Returns the file to read, and what named it: a flag, a variable, or the default.
std::pair<std::string, std::string> ChooseFile(const Overrides& overrides,
                                               const Environment& environment) {
  const auto flag = overrides.flags.find("config");
  if (flag != overrides.flags.end()) return {flag->second, "--config"};
  const auto variable = environment("PGSLUICE_CONFIG");
  if (variable && !variable->empty()) return {*variable, "PGSLUICE_CONFIG"};
  struct stat info {};
  if (stat(kDefaultFile, &info) == 0) return {kDefaultFile, kDefaultFile};
  return {};
}

json::Value ParseFile(const Origin& origin, Findings& findings) {
  json::Value root;
  root.type = json::Type::kObject;
  if (origin.file.empty()) return root;
  try {
    json::Value parsed = json::Parse(origin.text, {.comments = true, .trailing_commas = true});
    if (parsed.IsObject()) return parsed;
    findings.push_back({origin.file, "must be a JSON object", "start with {"});
  } catch (const Error& error) {
    findings.push_back({origin.file, error.what(), error.hint()});
  }
  return root;
}

/// Returns whether a secret is written into the file itself, not only the name of a variable.
bool HoldsSecret(const std::vector<Option>& options, const json::Value& object) {
  for (const Option& option : options) {
    const json::Value* value = object.Find(option.name);
    if (value == nullptr) continue;
    const bool named = value->text.find("${") != std::string::npos;
    if (option.secret && !value->text.empty() && !named) return true;
    const auto has_password = [](const json::Value& url) {
      return url.text.find("${") == std::string::npos && observe::MaskUrl(url.text) != url.text;
    };
    const auto& items = value->items;
    if (option.url &&
        (has_password(*value) || std::any_of(items.begin(), items.end(), has_password))) {
      return true;
    }
    if (option.type == Type::kObject && HoldsSecret(option.members(), *value)) return true;
    if (option.type != Type::kMap || option.members == nullptr) continue;
    for (const auto& [name, member] : value->members) {
      if (HoldsSecret(option.members(), member)) return true;
    }
  }
  return false;
}

std::vector<std::string> SecretFiles(const std::string& file, const json::Value& root,
                                     const Environment& environment) {
  std::vector<std::string> files;
  if (HoldsSecret(RootOptions(), root)) files.push_back(file);
  for (const Setting& setting : Settings()) {
    if (!setting.option->secret && !setting.option->url) continue;
    const auto named = environment(setting.option->environment + "_FILE");
    if (named && !named->empty()) files.push_back(*named);
  }
  return files;
}

/// Rejects a URL flag for several databases. PGSLUICE_DATABASE_URL may be set for other programs,
/// but a flag is meant for this run.
void CheckUrlFlag(const Overrides& overrides, Findings& findings) {
  if (!overrides.flags.contains("database-url")) return;
  findings.push_back({"--database-url", "the configuration has several databases",
                      "name one of them with --database, or change its url under databases"});
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

Config LoadText(const std::string& file, const std::string& text, const Overrides& overrides,
                const Environment& environment, Findings& findings) {
  Origin origin{.file = file, .text = text};
  json::Value root = ParseFile(origin, findings);
  const std::vector<std::string> secret_files = SecretFiles(file, root, environment);
  Substitute(root, "", origin, environment, findings);
  const bool one = root.Find("database") != nullptr;
  const bool several = root.Find("databases") != nullptr;
  if (one && several) {
    findings.push_back({origin.Place("databases", root.Find("databases")),
                        "database and databases exclude each other", "keep one of them"});
  }
  Overlay(root, overrides, environment, origin, findings);
  json::Value checked = Checker(origin, findings).Object(RootOptions(), root, "");
  if (several) {
    // Belongs to the single database that exists without `databases`.
    std::erase_if(checked.members, [](const auto& member) { return member.first == "database"; });
    CheckUrlFlag(overrides, findings);
  }
  Config config = Bind(checked);
  config.file = file;
  config.secret_files = secret_files;
  CheckRules(config, checked, origin, findings);
  return config;
}

Config Load(const Overrides& overrides, const Environment& environment, Findings& findings) {
  const auto [file, source] = ChooseFile(overrides, environment);
  std::string text;
  if (!file.empty()) {
    try {
      text = base::ReadFile(file);
    } catch (const Error& error) {
      findings.push_back({source, error.what(), error.hint()});
      return LoadText("", "", overrides, environment, findings);
    }
  }
  return LoadText(file, text, overrides, environment, findings);
}

}  // namespace pgsluice::config
