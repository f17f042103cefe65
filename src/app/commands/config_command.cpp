#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>

#include "app/cli/each_database.h"
#include "app/commands/check_access.h"
#include "app/commands/commands.h"
#include "app/commands/config_diff.h"
#include "app/commands/config_init.h"
#include "app/commands/import_command.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/databases.h"
#include "pgsluice/config/print.h"
#include "pgsluice/config/schema.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/engine/try_index.h"
#include "pgsluice/json/build.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/index_manager.h"
#include "pgsluice/sync/troubles.h"

namespace pgsluice::app {

namespace {

using Planned = std::vector<plan::Planned>;

std::int64_t Leaves(const std::vector<plan::Field>& fields) {
  std::int64_t count = 0;
  for (const plan::Field& field : fields) {
    count += field.fields.empty() ? 1 : Leaves(field.fields);
  }
  return count;
}

/// Returns "projects: from public.projects (about 1200 rows) by id, 14 fields, with owner,
/// hashtags[]".
std::string Summary(const plan::Plan& plan, const catalog::Catalog& catalog) {
  const catalog::Table* table = catalog.Find(plan.root);
  std::string text = plan.name + ": from " + plan.root_name;
  if (table != nullptr && table->estimated_rows >= 0 && !table->IsView()) {
    text += fmt::format(" (about {:.0f} rows)", table->estimated_rows);
  }
  if (plan.schemas != nullptr) {
    text += fmt::format(" in {} schemas", plan.schemas->members.size());
  }
  text += plan.key.empty() ? "" : fmt::format(" by {}", fmt::join(plan.key, ", "));
  text += fmt::format(", {} fields", Leaves(plan.fields));
  std::vector<std::string> embeds;
  for (const config::Embed& embed : plan.config.embeds) {
    const plan::Field* field = plan.Find(embed.name);
    embeds.push_back(embed.name + (field != nullptr && field->array ? "[]" : ""));
  }
  if (!embeds.empty()) text += fmt::format(", with {}", fmt::join(embeds, ", "));
  if (!plan.config.where.empty()) text += ", where " + plan.config.where;
  return text;
}

struct Checked {
  Planned planned;
  std::vector<std::string> summaries;  ///< For the indexes without errors.
};

/// Checks what only the database knows. If it cannot be reached, that is a warning, so that the
/// file can be checked on a machine without one.
Checked CheckCatalog(const config::Config& config, config::Findings& findings) {
  try {
    pg::Session session({.url = config.database.url});
    const catalog::Catalog catalog = catalog::Catalog::Load(session);
    Checked checked{plan::PlanIndexes(config, catalog, session), {}};
    for (config::Finding& finding : plan::NotIndexed(config, catalog, session)) {
      findings.push_back(std::move(finding));
    }
    std::vector<std::shared_ptr<const plan::Plan>> plans;
    for (const plan::Planned& one : checked.planned) {
      findings.insert(findings.end(), one.findings.begin(), one.findings.end());
      if (one.plan == nullptr) continue;
      plans.push_back(one.plan);
      checked.summaries.push_back(Summary(*one.plan, catalog));
    }
    CheckAccessToFields(config, plans, findings);
    return checked;
  } catch (const Error& error) {
    const std::string& name = config.database.name;
    findings.push_back({.place = name.empty() ? "database.url" : "databases." + name + ".url",
                        .message = std::string("not checked against the database: ") + error.what(),
                        .hint = error.hint(),
                        .warning = error.disposition() == Disposition::kRetry});
    return {};
  }
}

/// Checks for one index whether its name is free and whether the engine would create it.
void TryOnEngine(engine::Engine& engine, const config::Config& config, const plan::Plan& plan,
                 config::Findings& findings) {
  sync::IndexManager manager(config, engine);
  std::optional<Error> refusal;
  try {
    manager.CheckName(plan);
    refusal = engine::TryIndex(engine, manager.AliasOf(plan),
                               engine::IndexBody(plan, config, engine.Detect()));
  } catch (const engine::CredentialsRefused&) {
    throw;
  } catch (const Error& error) {
    if (error.disposition() == Disposition::kRetry) throw;
    refusal = error;
  }
  if (!refusal) return;
  findings.push_back({plan.config.place,
                      std::string("the engine refuses the index: ") + refusal->what(),
                      sync::TroubleOf(*refusal).remedy, false});
}

/// Checks what only the engine knows: analyzers, types, settings and names.
void CheckEngine(const config::Config& config, const Planned& planned, config::Findings& findings) {
  try {
    engine::Engine engine(engine::MakeTransport(config.elasticsearch));
    for (config::Finding& finding : engine::AnalysisProblems(config.indexes, engine.Detect())) {
      findings.push_back(std::move(finding));
    }
    for (const plan::Planned& one : planned) {
      if (one.plan != nullptr) TryOnEngine(engine, config, *one.plan, findings);
    }
  } catch (const Error& error) {
    findings.push_back({.place = "elasticsearch.urls",
                        .message = std::string("not checked on the engine: ") + error.what(),
                        .hint = error.hint(),
                        .warning = error.disposition() == Disposition::kRetry});
  }
}

void PrintJsonLines(const config::Findings& findings, std::ostream& out) {
  for (const config::Finding& finding : findings) {
    out << json::ToText(json::Members({{"place", finding.place},
                                       {"message", finding.message},
                                       {"hint", finding.hint},
                                       {"severity", finding.warning ? "warning" : "error"}}))
        << '\n';
  }
}

int Check(const Context& context) {
  config::Findings findings = context.findings;
  const bool readable = std::none_of(findings.begin(), findings.end(),
                                     [](const auto& finding) { return !finding.warning; });
  // Also if the file has findings: its correct parts can still be compared.
  const Checked checked = CheckCatalog(context.config, findings);
  // A wrong URL is reported once and not tried.
  if (readable) CheckEngine(context.config, checked.planned, findings);
  if (!context.invocation.Has("json")) {
    for (const std::string& line : checked.summaries) context.out << line << '\n';
  }
  bool errors = !readable;
  if (context.invocation.Has("json")) {
    PrintJsonLines(findings, context.out);
    for (const auto& finding : findings) errors = errors || !finding.warning;
  } else if (!PrintFindings(findings, context.err)) {
    context.out << (context.config.file.empty() ? "configuration" : context.config.file)
                << ": ok\n";
  } else {
    errors = true;
  }
  return errors ? kBadConfiguration : kOk;
}

}  // namespace

int RunConfig(const Context& context) {
  const std::string& what = context.invocation.subcommand;
  if (what == "import-pgsync") return RunImportPgsync(context);
  if (!context.invocation.arguments.empty()) {
    throw UsageError(
        "config " + what + " takes no argument \"" + context.invocation.arguments.front() + '"',
        "name the configuration with --config FILE");
  }
  if (what == "schema") {
    context.out << config::SchemaJson();
    return kOk;
  }
  if (what == "check") return Check(context);
  if (what == "diff") {
    if (PrintFindings(context.findings, context.err)) return kBadConfiguration;
    return RunConfigDiff(context);
  }
  if (what == "init" && config::HasNames(context.config)) {
    context.out << InitialConfig(EachDatabase(context.config), context.config.database.all);
    return kOk;
  }
  if (what == "init") {
    pg::Session session({.url = context.config.database.url});
    context.out << InitialConfig(catalog::Catalog::Load(session),
                                 plan::ReadPresentIndexes(session));
    return kOk;
  }
  const bool errors = PrintFindings(context.findings, context.err);
  context.out << config::PrintJson(context.config);
  return errors ? kBadConfiguration : kOk;
}

}  // namespace pgsluice::app
