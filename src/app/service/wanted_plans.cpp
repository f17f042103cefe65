#include "app/service/wanted_plans.h"

#include <algorithm>
#include <string>

#include "pgsluice/catalog/catalog.h"

namespace pgsluice::app {

namespace {

void CheckNames(const std::vector<std::string>& asked, const std::vector<plan::Planned>& planned) {
  std::vector<std::string> names;
  for (const plan::Planned& one : planned) names.push_back(one.config.name);
  for (const std::string& name : asked) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string nearest = config::Nearest(name, names);
    throw Error(Disposition::kReject, "there is no index '" + name + "'",
                nearest.empty() ? "pgsluice status lists them" : "did you mean " + nearest + "?");
  }
}

}  // namespace

WantedIndexes WantedPlans(const Context& context, pg::Session& session) {
  const catalog::Catalog catalog = catalog::Catalog::Load(session);
  const auto planned = plan::PlanIndexes(context.config, catalog, session);
  const std::vector<std::string>& asked = context.invocation.arguments;
  CheckNames(asked, planned);
  WantedIndexes wanted;
  for (const plan::Planned& one : planned) {
    const bool is_asked =
        asked.empty() || std::find(asked.begin(), asked.end(), one.config.name) != asked.end();
    if (!is_asked) continue;
    PrintFindings(one.findings, context.err);
    if (one.plan != nullptr) wanted.plans.push_back(one.plan);
    wanted.misfits = wanted.misfits || one.plan == nullptr;
  }
  if (wanted.plans.empty() && wanted.misfits) throw BadConfiguration();
  return wanted;
}

}  // namespace pgsluice::app
