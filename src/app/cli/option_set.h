#pragma once

#include <Poco/Util/OptionSet.h>

#include <vector>

#include "app/cli/cli.h"

namespace pgsluice::app {

/// Adds the table's options to the set from which Poco parses the command line and formats help. A
/// wrong value makes the option's validator throw UsageError.
void Define(Poco::Util::OptionSet& set, const std::vector<CliOption>& options);

}  // namespace pgsluice::app
