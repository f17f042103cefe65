#pragma once

#include "app/commands/commands.h"

namespace pgsluice::app {

/// Runs config import-pgsync FILE: prints the configuration on stdout, and what is left out on
/// stderr.
int RunImportPgsync(const Context& context);

}  // namespace pgsluice::app
