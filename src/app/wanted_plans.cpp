#include "wanted_plans.h"

#include <algorithm>
#include <string>

#include "pgsluice/catalog/catalog.h"

namespace pgsluice::app {

std::vector<std::shared_ptr<const document::Plan>> WantedPlans(const Context& context,
                                                               pg::Session& session) {
  config::Problems problems;
  const catalog::Catalog catalog = catalog::Catalog::Load(session);
  auto plans = document::BuildPlans(context.config, catalog, session, problems);
  if (PrintProblems(problems, context.err)) throw BadConfiguration();
  const std::vector<std::string>& asked = context.invocation.arguments;
  std::vector<std::string> names;
  for (const auto& plan : plans) names.push_back(plan->name);
  for (const std::string& name : asked) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string nearest = config::Nearest(name, names);
    throw Error(Disposition::kReject, "there is no index '" + name + "'",
                nearest.empty() ? "pgsluice status lists them" : "did you mean " + nearest + "?");
  }
  if (asked.empty()) return plans;
  std::erase_if(plans, [&](const auto& plan) {
    return std::find(asked.begin(), asked.end(), plan->name) == asked.end();
  });
  return plans;
}

}  // namespace pgsluice::app
