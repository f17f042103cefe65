#pragma once

#include "app/commands/commands.h"

namespace pgsluice::app {

/// Reports per index what the configuration would change. Changes nothing.
int RunConfigDiff(const Context& context);

}  // namespace pgsluice::app
