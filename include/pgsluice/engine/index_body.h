#pragma once

#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/document/plan.h"
#include "pgsluice/engine/engine.h"

namespace pgsluice::engine {

/// The body of "create index" for a plan: settings and mapping.
std::string IndexBody(const document::Plan& plan, const config::Config& config,
                      const Flavor& flavor);

}  // namespace pgsluice::engine
