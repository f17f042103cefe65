#include "pgsluice/config/schemas.h"

#include "pgsluice/base/lower.h"

namespace pgsluice::config {

namespace {

/// Returns the position of the dot after the schema; npos if there is none.
std::size_t EndOfSchema(std::string_view name) {
  bool quoted = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '"') quoted = !quoted;
    if (name[i] == '.' && !quoted) return i;
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<SchemaPattern> PatternOf(std::string_view table) {
  const std::size_t end = EndOfSchema(table);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view schema = table.substr(0, end);
  // As everywhere in SQL, a name in quotes stands for itself.
  const bool quoted = schema.find('"') != std::string_view::npos;
  if (quoted || schema.find_first_of("*?") == std::string_view::npos) return std::nullopt;
  return SchemaPattern{base::Lower(schema), std::string(table.substr(end + 1))};
}

bool MatchesSchema(std::string_view pattern, std::string_view schema) {
  std::size_t p = 0, s = 0;
  std::size_t star = std::string_view::npos, behind = 0;
  while (s < schema.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      behind = s;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == schema[s])) {
      ++p;
      ++s;
      // A character of several bytes.
      while (pattern[p - 1] == '?' && s < schema.size() &&
             (static_cast<unsigned char>(schema[s]) & 0xC0U) == 0x80U) {
        ++s;
      }
    } else if (star != std::string_view::npos) {
      p = star + 1;
      s = ++behind;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<const PolicyIndex*> RulesOf(const Policy& policy, std::string_view index) {
  std::vector<const PolicyIndex*> rules;
  for (const auto& [name, rule] : policy.indexes) {
    const std::string_view key = name;
    const bool of_schemas = key.size() > 2 && key.ends_with(".*") && index.size() >= key.size() &&
                            index.starts_with(key.substr(0, key.size() - 1));
    if (key == "*" || key == index || of_schemas) rules.push_back(&rule);
  }
  return rules;
}

}  // namespace pgsluice::config
