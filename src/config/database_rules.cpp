#include "config/database_rules.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/base/lower.h"
#include "pgsluice/config/databases.h"

namespace pgsluice::config {

namespace {

using json::Value;

/// Returns whether it can be a name, which becomes part of index names and of tokens
/// (`shop:48213`).
bool IsName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 63 && letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || c == '_' || c == '-'; });
}

class DatabaseRules {
 public:
  DatabaseRules(const Config& config, const Value& checked, const Origin& origin,
                Findings& findings)
      : config_(config), checked_(checked), origin_(origin), findings_(findings) {}

  void Check() {
    if (const Value* map = checked_.Find("databases")) CheckMap(*map);
    const Value* indexes = checked_.Find("indexes");
    for (std::size_t i = 0; indexes != nullptr && i < config_.indexes.size(); ++i) {
      CheckIndex(config_.indexes[i], indexes->members[i].second);
    }
  }

 private:
  void Add(const std::string& path, const Value* value, std::string message,
           std::string hint = {}) {
    findings_.push_back({origin_.Place(path, value), std::move(message), std::move(hint)});
  }

  void CheckMap(const Value& map) {
    if (map.members.empty()) {
      Add("databases", &map, "no database is configured",
          R"(write "databases": {"shop": {"url": "postgresql://app@db/shop"}})");
    }
    std::map<std::string, std::string> names, urls;
    for (std::size_t i = 0; i < config_.databases.size(); ++i) {
      const std::string& name = config_.databases[i].name;
      const std::string place = "databases." + name;
      const Value* value = &map.members[i].second;
      if (!IsName(name)) {
        Add(place, value, fmt::format("\"{}\" cannot be the name of a database here", name),
            "use letters, digits, _ and -, at most 63, a letter or digit first");
      }
      const auto [same, is_new] = names.emplace(base::Lower(name), name);
      if (!is_new) {
        Add(place, value,
            fmt::format("\"{}\" and \"{}\" would make the same index names", same->second, name),
            "choose another name for one of the two");
      }
      const auto [other, is_first] = urls.emplace(config_.databases[i].url, name);
      if (!is_first) {
        Add(place + ".url", value->Find("url"),
            fmt::format("\"{}\" has the same url", other->second),
            "configure each database once; several indexes may name it");
      }
    }
  }

  void CheckIndex(const Index& index, const Value& value) {
    const std::string place = index.place + ".database";
    if (!HasNames(config_)) {
      if (index.database.empty()) return;
      return Add(place, value.Find("database"),
                 "an index names its database only if there are several",
                 "leave it out, or configure databases instead of database");
    }
    if (index.database.empty()) {
      return Add(index.place, &value, "the index does not name the database of its table",
                 R"(add "database": "NAME")");
    }
    if (config_.database.all) return;  // Only the server knows the names.
    std::vector<std::string> names;
    for (const Database& database : config_.databases) names.push_back(database.name);
    if (std::find(names.begin(), names.end(), index.database) != names.end()) return;
    const std::string nearest = Nearest(index.database, names);
    Add(place, value.Find("database"), fmt::format("there is no database \"{}\"", index.database),
        nearest.empty() ? "describe it under databases"
                        : fmt::format("did you mean \"{}\"?", nearest));
  }

  const Config& config_;
  const Value& checked_;
  const Origin& origin_;
  Findings& findings_;
};

}  // namespace

void CheckDatabases(const Config& config, const Value& checked, const Origin& origin,
                    Findings& findings) {
  DatabaseRules(config, checked, origin, findings).Check();
}

}  // namespace pgsluice::config
