#pragma once

#include <vector>

#include "pgsluice/config/config.h"

/// A configuration of several databases, taken apart.
namespace pgsluice::config {

/// Whether databases have names: `databases`, or `database.all`. Then they appear in labels, tokens
/// and in the names of indexes that no configuration gives.
bool HasNames(const Config& config);

/// The configuration of one database alone: as if there were no other, but it keeps its name.
Config ForDatabase(const Config& config, const Database& database);

/// ForDatabase() of each of `databases`; the configuration itself if databases have no names. With
/// `database.all` the caller asks the server for them, and sets `databases` before.
std::vector<Config> PerDatabase(const Config& config);

}  // namespace pgsluice::config
