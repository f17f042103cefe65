#pragma once

#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::engine {

/// The settings of a plan's index as one flat object: {"index.gc_deletes":"15m",…}; the user's
/// replace ours.
std::string SettingsJson(const plan::Plan& plan, const config::Config& config,
                         const Flavor& flavor);

/// What of the configuration an engine cannot do, and what it does instead: warnings.
config::Findings AnalysisProblems(const std::vector<config::Index>& indexes, const Flavor& flavor);

/// The mapping; its `_meta.pgsluice` says that the index is ours, and with which settings and
/// routing it was made: {"format":1,"routing":"","settings":{…}}.
std::string MappingWithMeta(const plan::Plan& plan, const config::Config& config,
                            const Flavor& flavor);

/// The body of "create index" for a plan: settings and mapping.
std::string IndexBody(const plan::Plan& plan, const config::Config& config, const Flavor& flavor);

}  // namespace pgsluice::engine
