#pragma once

#include "app/commands/commands.h"

namespace pgsluice::app {

/// config import-pgsync FILE: the configuration on stdout, what is not carried over on stderr.
int RunImportPgsync(const Context& context);

}  // namespace pgsluice::app
