#pragma once

#include <Poco/Util/OptionSet.h>

#include <vector>

#include "app/cli/cli.h"

namespace pgsluice::app {

/// Adds options of the table to what Poco reads the command line by and formats help from. A value
/// that is wrong makes the option's validator throw UsageError.
void Define(Poco::Util::OptionSet& set, const std::vector<CliOption>& options);

}  // namespace pgsluice::app
