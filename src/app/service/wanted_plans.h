#pragma once

#include <memory>
#include <vector>

#include "app/commands/commands.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::app {

struct WantedIndexes {
  std::vector<std::shared_ptr<const plan::Plan>> plans;
  bool misfits = false;  ///< Definitions of other wanted indexes do not fit the tables.
};

/// Returns the plans of the indexes that the arguments name, or of all if there are none. Prints
/// what is wrong with a wanted index that does not fit the tables. Throws BadConfiguration if none
/// of the wanted ones fits, and Error for a name that no index has.
WantedIndexes WantedPlans(const Context& context, pg::Session& session);

}  // namespace pgsluice::app
