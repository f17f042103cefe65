#include "pgsluice/plan/text_rules.h"

#include <algorithm>

#include "pgsluice/config/words.h"
#include "plan/tree/fields.h"

namespace pgsluice::plan {

namespace {

/// Returns whether the full name of a setting begins with `prefix`.
bool HasSetting(const json::Value& value, const std::string& name, std::string_view prefix) {
  if (!value.IsObject()) return name.compare(0, prefix.size(), prefix) == 0;
  return std::any_of(value.members.begin(), value.members.end(), [&](const auto& member) {
    return HasSetting(member.second, name.empty() ? member.first : name + "." + member.first,
                      prefix);
  });
}

std::string TextMember(const json::Value* definition, std::string_view name) {
  const json::Value* member = definition == nullptr ? nullptr : definition->Find(name);
  return member != nullptr && member->IsString() ? member->text : std::string();
}

}  // namespace

bool IsLanguage(std::string_view name) {
  const std::vector<std::string>& known = config::Languages();
  return name != "standard" && std::find(known.begin(), known.end(), name) != known.end();
}

std::string LanguageAnalyzer(const std::string& language) {
  return IsLanguage(language) ? "pgsluice_" + language : "";
}

std::set<std::string> LanguagesOf(const config::Index& index) {
  std::set<std::string> languages;
  if (IsLanguage(index.search.language)) languages.insert(index.search.language);
  for (const auto& [path, language] : index.search.languages) {
    if (IsLanguage(language)) languages.insert(language);
  }
  return languages;
}

bool ReplacesDefaultAnalyzer(const json::Value& settings) {
  return HasSetting(settings, "", "analysis.analyzer.default.") ||
         HasSetting(settings, "", "index.analysis.analyzer.default.");
}

Analyzers MainAnalyzers(const config::Index& index) {
  std::string name = LanguageAnalyzer(index.search.language);
  if (name.empty() && ReplacesDefaultAnalyzer(index.settings)) name = "default";
  return {name, name};
}

Analyzers AnalyzersOf(const config::Index& index, const Field& field) {
  Analyzers analyzers = MainAnalyzers(index);
  for (const auto& [path, language] : index.search.languages) {
    if (path != field.path) continue;
    analyzers.index = LanguageAnalyzer(language);
    analyzers.search = analyzers.index;
  }
  const json::Value* definition = OverrideOf(index, field.path);
  const std::string own = TextMember(definition, "analyzer");
  const std::string search = TextMember(definition, "search_analyzer");
  if (!own.empty()) analyzers = {own, own};
  if (!search.empty()) analyzers.search = search;
  return analyzers;
}

bool IsInMain(const config::Index& index, const Field& field) {
  if (field.kind != Kind::kText || field.identifier || field.unindexed) return false;
  const auto& hidden = index.search.hidden;
  const bool is_hidden = std::any_of(hidden.begin(), hidden.end(), [&](const std::string& name) {
    return field.path == name || field.path.compare(0, name.size() + 1, name + ".") == 0;
  });
  return !is_hidden && AnalyzersOf(index, field) == MainAnalyzers(index);
}

}  // namespace pgsluice::plan
