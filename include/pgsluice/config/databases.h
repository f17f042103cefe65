#pragma once

#include <vector>

#include "pgsluice/config/config.h"

/// Splits a configuration of several databases.
namespace pgsluice::config {

/// Returns whether databases have names: with `databases`, or with `database.all`. Then labels,
/// tokens and the derived names of indexes contain them.
bool HasNames(const Config& config);

/// Returns the configuration of one database, as if it were the only one, except that it keeps its
/// name.
Config ForDatabase(const Config& config, const Database& database);

/// Returns ForDatabase() for each of `databases`, or the configuration itself if databases have no
/// names. With `database.all`, the caller has to ask the server for them and set `databases`
/// before.
std::vector<Config> PerDatabase(const Config& config);

}  // namespace pgsluice::config
