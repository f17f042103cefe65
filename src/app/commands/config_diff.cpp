#include "app/commands/config_diff.h"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <ostream>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/index_manager.h"
#include "pgsluice/sync/troubles.h"

namespace pgsluice::app {

namespace {

using Change = sync::IndexManager::Change;

Change ChangeOf(sync::IndexManager& manager, pg::Session& session, const plan::Planned& planned) {
  if (planned.plan == nullptr) return {"broken", sync::TroubleOf(planned.findings).reason};
  try {
    return manager.Compare(session, *planned.plan);
  } catch (const engine::CredentialsRefused&) {
    throw;
  } catch (const Error& error) {
    if (error.disposition() == Disposition::kRetry) throw;
    return {"broken", error.what()};
  }
}

std::map<std::string, Change> Changes(const config::Config& config) {
  pg::Session session({.url = config.database.url});
  migrate::Migrator::CheckVersion(session);
  engine::Engine engine(engine::MakeTransport(config.elasticsearch));
  engine.Detect();
  sync::IndexManager manager(config, engine);
  std::map<std::string, Change> changes;
  const auto catalog = catalog::Catalog::Load(session);
  for (const plan::Planned& planned : plan::PlanIndexes(config, catalog, session)) {
    changes[planned.config.name] = ChangeOf(manager, session, planned);
  }
  const pg::Result made = session.Exec("SELECT index_name FROM pgsluice.index_state");
  for (std::size_t row = 0; row < made.rows(); ++row) {
    changes.emplace(made.Text(row, 0),
                    Change{"not configured", "'pgsluice prune' removes what no process maintains"});
  }
  return changes;
}

}  // namespace

int RunConfigDiff(const Context& context) {
  const std::map<std::string, Change> changes = Changes(context.config);
  const bool as_json = context.invocation.Has("json");
  json::ObjectPtr indexes = json::Members();
  for (const auto& [name, change] : changes) {
    indexes->set(name, json::Members({{"change", change.what}, {"reason", change.reason}}));
    if (as_json) continue;
    context.out << name << ": " << change.what;
    if (!change.reason.empty()) context.out << " (" << change.reason << ')';
    context.out << '\n';
  }
  if (as_json) context.out << json::ToText(json::Members({{"indexes", indexes}})) << '\n';
  return kOk;
}

}  // namespace pgsluice::app
