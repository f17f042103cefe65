#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

#include "document/checks.h"
#include "document/plan_builder.h"

namespace pgsluice::document {

namespace {

constexpr std::size_t kLongestName = 200;  // 255 bytes, less prefix and "-000001".

bool Forbidden(char c) {
  return static_cast<unsigned char>(c) <= ' ' ||
         std::string_view("\\/*?\"<>|,#:").find(c) != std::string_view::npos;
}

/// Hints say "<role>" where they mean the one that we are.
void NameRole(pg::Session& session, config::Problems& problems) {
  constexpr std::string_view kPlaceholder = "<role>";
  std::string role;
  for (config::Problem& problem : problems) {
    for (std::size_t at = 0; (at = problem.hint.find(kPlaceholder, at)) != std::string::npos;) {
      if (role.empty()) role = session.Exec("SELECT pg_catalog.quote_ident(user)").Text(0, 0);
      problem.hint.replace(at, kPlaceholder.size(), role);
      at += role.size();
    }
  }
}

/// A path that does not exist would hide nothing, and nobody would notice.
void CheckPolicies(const config::Auth& auth, const Plan& plan, config::Problems& problems) {
  for (const auto& [name, policy] : auth.policies) {
    const auto rule = policy.indexes.find(plan.name);
    if (rule == policy.indexes.end()) continue;
    for (const std::string& path : rule->second.hidden) {
      if (plan.Find(path) != nullptr) continue;
      problems.push_back({fmt::format("auth.policies.{}.indexes.{}.hidden", name, plan.name),
                          fmt::format("the documents have no field \"{}\"", path),
                          "name a field of the documents, such as owner.name", false});
    }
  }
}

/// The columns of a table that matter: all, or those whose change is watched.
std::string ColumnsText(const catalog::Table& table, const std::vector<std::string>& watched) {
  std::string text;
  for (const catalog::Column& column : table.columns) {
    const bool matters =
        watched.empty() || std::find(watched.begin(), watched.end(), column.name) != watched.end();
    if (matters) text += fmt::format(" {}:{}:{}", column.name, column.number, column.type.sql);
  }
  return text;
}

std::string ResolvedText(const Plan& plan, const catalog::Catalog& catalog) {
  std::string text;
  for (const auto& [oid, layout] : plan.relations) {
    const catalog::Table* table = catalog.Find(oid);
    if (table == nullptr) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "\n", oid, table->rule);
    const auto source = std::find_if(plan.sources.begin(), plan.sources.end(),
                                     [table](const Source& s) { return s.table == table->oid; });
    if (source != plan.sources.end()) text += ColumnsText(*table, source->watched);
  }
  return text;
}

}  // namespace

std::string IndexNameOf(const std::string& table) {
  std::string name;
  for (const char c : table.substr(0, kLongestName)) {
    if (Forbidden(c)) {
      name += '_';
    } else {
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  const bool bad_start = name.find_first_of("-_+.") == 0;
  return bad_start ? "x" + name : name;
}

std::vector<config::Index> WantedIndexes(const config::Config& config,
                                         const catalog::Catalog& catalog,
                                         config::Problems& problems) {
  if (!config.all_tables) return config.indexes;
  std::vector<config::Index> indexes;
  std::map<std::string, std::string> taken;
  for (const catalog::Table& table : catalog.tables()) {
    if (table.schema != "public" || table.is_partition) continue;
    if (table.kind != 'r' && table.kind != 'p') continue;
    config::Index index;
    index.name = IndexNameOf(table.name);
    index.table = table.QualifiedName();
    index.place = "table " + index.table;
    const auto [other, is_new] = taken.emplace(index.name, index.table);
    if (!is_new) {
      problems.push_back({index.place,
                          fmt::format("{} and {} would both become index {}", other->second,
                                      index.table, index.name),
                          "write a configuration that names the indexes (pgsluice config init)",
                          false});
      continue;
    }
    indexes.push_back(std::move(index));
  }
  return indexes;
}

std::vector<std::shared_ptr<const Plan>> BuildPlans(const config::Config& config,
                                                    const catalog::Catalog& catalog,
                                                    pg::Session& session,
                                                    config::Problems& problems) {
  std::vector<std::shared_ptr<const Plan>> plans;
  for (const config::Index& index : WantedIndexes(config, catalog, problems)) {
    Building building{catalog, index, problems, {}, false};
    std::shared_ptr<Plan> plan = BuildPlan(building);
    CheckFragments(session, building);
    if (plan != nullptr && !building.failed) CheckStatements(session, *plan, building);
    if (plan == nullptr || building.failed) continue;
    CheckPolicies(config.auth, *plan, problems);
    plan->resolved = ResolvedText(*plan, catalog);
    plans.push_back(std::move(plan));
  }
  NameRole(session, problems);
  return plans;
}

}  // namespace pgsluice::document
