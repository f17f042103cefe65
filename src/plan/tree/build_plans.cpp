#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>

#include "pgsluice/base/error.h"
#include "pgsluice/config/values.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/plan/index_names.h"
#include "plan/tree/checks.h"
#include "plan/tree/plan_builder.h"
#include "plan/tree/schemas.h"

namespace pgsluice::plan {

namespace {

/// Replaces "<role>" in hints by the present role.
void NameRole(pg::Session& session, config::Findings& findings) {
  constexpr std::string_view kPlaceholder = "<role>";
  std::string role;
  for (config::Finding& finding : findings) {
    for (std::size_t at = 0; (at = finding.hint.find(kPlaceholder, at)) != std::string::npos;) {
      if (role.empty()) role = session.Exec("SELECT pg_catalog.quote_ident(user)").Text(0, 0);
      finding.hint.replace(at, kPlaceholder.size(), role);
      at += role.size();
    }
  }
}

/// Calls `unknown` for each path that a policy hides and that the documents do not have.
template <typename Unknown>
void CheckPolicies(const config::Auth& auth, const Plan& plan, const Unknown& unknown) {
  for (const auto& [name, policy] : auth.policies) {
    for (const config::PolicyIndex* rule : config::RulesOf(policy, plan.name)) {
      // "*" hides only what exists.
      const auto all = policy.indexes.find("*");
      if (all != policy.indexes.end() && rule == &all->second) continue;
      for (const std::string& path : rule->hidden) {
        if (plan.Find(path) == nullptr) unknown(name, path);
      }
    }
  }
}

/// Returns the columns of a table that matter: all, or those whose changes are watched.
std::string TextOf(const catalog::Table& table, const std::vector<std::string>& watched) {
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
    text += ColumnsText(*table, plan);
  }
  return text;
}

/// Discards a plan if a policy hides fields that the documents do not have.
void CheckHidden(const config::Auth& auth, Planned& planned) {
  if (planned.plan == nullptr || planned.plan->schemas->members.empty()) return;
  bool known = true;
  CheckPolicies(auth, *planned.plan, [&](const std::string& policy, const std::string& path) {
    known = false;
    planned.findings.push_back(
        {fmt::format("auth.policies.{}.indexes.{}.hidden", policy, planned.plan->name),
         fmt::format("the documents have no field \"{}\"", path),
         "name a field of the documents, such as owner.name", false});
  });
  if (!known) planned.plan = nullptr;
}

/// Builds the plan of one index, and reports what is wrong with it.
void BuildOne(const config::Config& config, const catalog::Catalog& catalog, pg::Session& session,
              Planned& planned) {
  if (!planned.findings.empty()) return;
  if (const auto pattern = config::PatternOf(planned.config.table)) {
    BuildOverSchemas(catalog, session, planned, *pattern);
    CheckHidden(config.auth, planned);
    return NameRole(session, planned.findings);
  }
  Building building{catalog, planned.config, planned.findings, {}, false};
  std::shared_ptr<Plan> plan = BuildPlan(building);
  CheckFragments(session, building);
  if (plan != nullptr && !building.failed) CheckStatements(session, *plan, building);
  if (plan != nullptr && !building.failed) {
    CheckPolicies(config.auth, *plan, [&](const std::string& policy, const std::string& path) {
      building.Error(fmt::format("auth.policies.{}.indexes.{}.hidden", policy, plan->name),
                     fmt::format("the documents have no field \"{}\"", path),
                     "name a field of the documents, such as owner.name");
    });
  }
  if (plan != nullptr && !building.failed) {
    plan->resolved = ResolvedText(*plan, catalog);
    planned.plan = std::move(plan);
  }
  NameRole(session, planned.findings);
}

}  // namespace

std::string ColumnsText(const catalog::Table& table, const Plan& plan) {
  const auto source = std::find_if(plan.sources.begin(), plan.sources.end(),
                                   [&](const Source& s) { return s.table == table.oid; });
  return source == plan.sources.end() ? std::string() : TextOf(table, source->watched);
}

namespace {

/// Returns why a table cannot become an index, and what to do; an empty message if it can.
config::Finding WhyNot(const catalog::Table& table) {
  const std::string name = table.QualifiedName();
  config::Finding finding{"table " + name, "", "", true};
  if (table.columns.empty()) {
    finding.message = "not indexed: it has no columns";
  } else if (!table.can_select) {
    finding.message = "not indexed: no permission to read " + name;
    finding.hint = fmt::format("GRANT SELECT ON {} TO <role>;", name);
  } else if (!table.can_attach) {
    finding.message =
        fmt::format("not indexed: it belongs to role {}, and this role may not put triggers on it",
                    Quoted(table.owner));
    finding.hint = fmt::format("GRANT TRIGGER ON {} TO <role>; or run 'pgsluice attach {}' as {}",
                               name, name, Quoted(table.owner));
  }
  return finding;
}

/// Returns the tables of schema public, without partitions and tables that cannot be indexed. A
/// table that has an index stays: if it can no longer be read, its index is in trouble.
std::vector<const catalog::Table*> OrdinaryTables(const catalog::Catalog& catalog,
                                                  const PresentIndexes& present) {
  std::vector<const catalog::Table*> tables;
  for (const catalog::Table& table : catalog.tables()) {
    if (table.schema != "public" || !table.IsOrdinary()) continue;
    const bool has_index = std::any_of(present.begin(), present.end(), [&](const auto& index) {
      return index.second == table.oid;
    });
    if (has_index || WhyNot(table).message.empty()) tables.push_back(&table);
  }
  return tables;
}

/// Reports which schemas have the tables, if schema public has none.
void ReportOtherSchemas(const catalog::Catalog& catalog, config::Findings& findings) {
  const catalog::Table* first = nullptr;
  std::set<std::string> schemas;
  for (const catalog::Table& table : catalog.tables()) {
    if (!table.IsOrdinary()) continue;
    if (table.schema == "public") return;
    schemas.insert(Quoted(table.schema));
    if (first == nullptr) first = &table;
  }
  if (first == nullptr) return;
  findings.push_back(
      {"schema public",
       fmt::format("nothing is indexed: without a configuration the tables of schema public are, "
                   "but all tables of this database are in schema {}",
                   fmt::join(schemas, ", ")),
       fmt::format("write them into pgsluice.json: pgsluice config init > pgsluice.json; or by "
                   "hand, as in {{\"indexes\": {{{}: {{\"table\": {}}}}}}}",
                   json::Quote(IndexNameOf(first->name)), json::Quote(first->QualifiedName())),
       true});
}

/// Returns whether an index may have this name; otherwise reports the table and, if another table
/// has that index already, that one.
bool CheckName(const std::string& prefix, const config::Index& index,
               std::map<std::string, std::string>& taken, config::Findings& findings) {
  if (const auto wrong = config::CheckIndexName(prefix, index.name)) {
    findings.push_back({index.place, fmt::format("index \"{}\": {}", index.name, *wrong),
                        "write a configuration that names the indexes (pgsluice config init)",
                        false});
    return false;
  }
  const auto [other, is_new] = taken.emplace(index.name, index.table);
  if (is_new) return true;
  findings.push_back(
      {index.place,
       fmt::format("{} and {} would both become index {}", other->second, index.table, index.name),
       "write a configuration that names the indexes (pgsluice config init)", false});
  return false;
}

/// Plans one configured definition, or the definitions that it is expanded to.
void AddWanted(const config::Config& config, const config::Index& index,
               const catalog::Catalog& catalog, std::vector<Planned>& wanted) {
  const auto pattern = config::PatternOf(index.table);
  if (!pattern || !index.per_schema) {
    wanted.push_back({index, nullptr, {}});
    return;
  }
  const std::string& prefix = config.elasticsearch.index_prefix;
  const std::size_t longest = kLongestIndexName - std::min(prefix.size(), kLongestIndexName / 2);
  try {
    for (config::Index& one : PerSchema(index, *pattern, catalog, longest)) {
      config::Findings problems;
      if (const auto wrong = config::CheckIndexName(prefix, one.name)) {
        problems.push_back({one.place, fmt::format("index \"{}\": {}", one.name, *wrong),
                            "rename the schema, or choose another name for the index", false});
      }
      wanted.push_back({std::move(one), nullptr, std::move(problems)});
    }
  } catch (const Error& error) {
    wanted.push_back(
        {index, nullptr, {{index.place + ".table", error.what(), error.hint(), false}}});
  }
}

/// Returns the index names that begin with `before`, without that prefix.
PresentIndexes Behind(const std::string& before, const PresentIndexes& present) {
  PresentIndexes names;
  for (const auto& [name, oid] : present) {
    if (name.starts_with(before)) names.emplace(name.substr(before.size()), oid);
  }
  return names;
}

}  // namespace

std::vector<Planned> WantedIndexes(const config::Config& config, const catalog::Catalog& catalog,
                                   pg::Session& session) {
  std::vector<Planned> wanted;
  if (!config.all_tables) {
    for (const config::Index& index : config.indexes) AddWanted(config, index, catalog, wanted);
    return wanted;
  }
  const std::string& prefix = config.elasticsearch.index_prefix;
  const std::string before = NameBefore(config.database.name);
  const std::size_t taken_up = prefix.size() + before.size();
  const PresentIndexes present = Behind(before, ReadPresentIndexes(session));
  const std::vector<const catalog::Table*> tables = OrdinaryTables(catalog, present);
  const std::vector<std::string> names =
      IndexNames(tables, present, kLongestIndexName - std::min(taken_up, kLongestIndexName / 2));
  std::map<std::string, std::string> taken;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    config::Index index;
    index.name = before + names[i];
    index.database = config.database.name;
    index.table = tables[i]->QualifiedName();
    index.place = "table " + index.table;
    config::Findings findings;
    // The name is impossible or belongs to another index, so the table's name replaces it.
    if (!CheckName(prefix, index, taken, findings)) index.name = before + index.table;
    wanted.push_back({std::move(index), nullptr, std::move(findings)});
  }
  return wanted;
}

config::Findings NotIndexed(const config::Config& config, const catalog::Catalog& catalog,
                            pg::Session& session) {
  config::Findings findings;
  if (!config.all_tables) return findings;
  for (const catalog::Table& table : catalog.tables()) {
    if (table.schema != "public" || !table.IsOrdinary()) continue;
    config::Finding finding = WhyNot(table);
    if (!finding.message.empty()) findings.push_back(std::move(finding));
  }
  // Without any table, the configuration is probably wrong.
  if (OrdinaryTables(catalog, ReadPresentIndexes(session)).empty()) {
    for (config::Finding& finding : findings) finding.warning = false;
  }
  ReportOtherSchemas(catalog, findings);
  NameRole(session, findings);
  return findings;
}

std::vector<Planned> PlanIndexes(const config::Config& config, const catalog::Catalog& catalog,
                                 pg::Session& session) {
  std::vector<Planned> all = WantedIndexes(config, catalog, session);
  for (Planned& planned : all) BuildOne(config, catalog, session, planned);
  return all;
}

std::vector<std::shared_ptr<const Plan>> BuildPlans(const config::Config& config,
                                                    const catalog::Catalog& catalog,
                                                    pg::Session& session,
                                                    config::Findings& findings) {
  std::vector<std::shared_ptr<const Plan>> plans;
  for (Planned& planned : PlanIndexes(config, catalog, session)) {
    findings.insert(findings.end(), planned.findings.begin(), planned.findings.end());
    if (planned.plan != nullptr) plans.push_back(std::move(planned.plan));
  }
  return plans;
}

bool HidesOnlyKnownFields(const config::Auth& auth, const Plan& plan) {
  bool known = true;
  CheckPolicies(auth, plan, [&](const std::string&, const std::string&) { known = false; });
  return known;
}

std::vector<std::string> ConfiguredNames(const config::Config& config,
                                         const catalog::Catalog& catalog, pg::Session& session) {
  std::vector<std::string> names;
  for (const Planned& planned : WantedIndexes(config, catalog, session))
    names.push_back(planned.config.name);
  return names;
}

}  // namespace pgsluice::plan
