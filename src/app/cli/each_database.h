#pragma once

#include <string>
#include <vector>

#include "app/commands/commands.h"
#include "pgsluice/config/config.h"

namespace pgsluice::app {

using Run = int (*)(const Context&);

/// Leaves only the database of that name (--database). Throws UsageError if there is none.
void KeepDatabase(config::Config& config, const std::string& name);

/// The configuration of each database. With `database.all` it asks the server, and leaves out
/// databases that have nothing to index. Throws what a session throws.
std::vector<config::Config> EachDatabase(const config::Config& config);

/// Whether the command does its work in each database by itself.
bool WorksInEach(const Invocation& invocation);

/// Runs a command in each database, whatever happens in the others. Arguments go to the databases
/// that they belong to: an index, or the id of a dead letter ("shop:17"). Returns the gravest exit
/// code.
int RunInEach(Run run, const Context& context);

}  // namespace pgsluice::app
