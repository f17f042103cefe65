#pragma once

#include <string>
#include <vector>

#include "app/commands/commands.h"
#include "pgsluice/config/config.h"

namespace pgsluice::app {

using Run = int (*)(const Context&);

/// Leaves only the database with that name (--database). Throws UsageError if there is none.
void KeepDatabase(config::Config& config, const std::string& name);

/// Returns the configuration of each database. With `database.all` it asks the server, and leaves
/// out databases that have nothing to index. Throws like a session.
std::vector<config::Config> EachDatabase(const config::Config& config);

/// Returns whether the command runs separately in each database.
bool WorksInEach(const Invocation& invocation);

/// Runs a command in each database, even if it fails in another one. Passes each argument to the
/// database that it belongs to: an index, or the id of a dead letter ("shop:17"). Returns the
/// gravest exit code.
int RunInEach(Run run, const Context& context);

}  // namespace pgsluice::app
