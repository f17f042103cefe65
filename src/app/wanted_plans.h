#pragma once

#include <memory>
#include <vector>

#include "commands.h"
#include "pgsluice/document/plan.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::app {

/// The plans of the indexes that the arguments name, of all when there are none. Throws
/// BadConfiguration, and Error for a name that no index has.
std::vector<std::shared_ptr<const document::Plan>> WantedPlans(const Context& context,
                                                               pg::Session& session);

}  // namespace pgsluice::app
