#pragma once

#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::engine {

/// Returns the settings of a plan's index as one flat object: {"index.gc_deletes":"15m",…}. The
/// user's settings replace ours.
std::string SettingsJson(const plan::Plan& plan, const config::Config& config,
                         const Flavor& flavor);

/// Returns warnings about what the engine cannot do of the configuration, and what it does instead.
config::Findings AnalysisProblems(const std::vector<config::Index>& indexes, const Flavor& flavor);

/// Returns the mapping. Its `_meta.pgsluice` marks the index as ours, and records the settings and
/// routing that it was created with: {"format":1,"routing":"","settings":{…}}.
std::string MappingWithMeta(const plan::Plan& plan, const config::Config& config,
                            const Flavor& flavor);

/// Returns the body of "create index" for a plan: settings, mapping, and `alias` if it is not
/// empty.
std::string IndexBody(const plan::Plan& plan, const config::Config& config, const Flavor& flavor,
                      const std::string& alias = {});

}  // namespace pgsluice::engine
