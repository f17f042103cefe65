#pragma once

#include "app/commands/commands.h"

namespace pgsluice::app {

/// What the configuration would change against what is in force, per index. Changes nothing.
int RunConfigDiff(const Context& context);

}  // namespace pgsluice::app
