#pragma once

#include <string>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/plan/index_names.h"

namespace pgsluice::app {

/// Returns a first pgsluice.json: an index per table of schema public, foreign keys as embeds, link
/// tables as many-to-many embeds. Embeds that may grow large (rows that refer to this one) become
/// comments.
std::string InitialConfig(const catalog::Catalog& catalog, const plan::PresentIndexes& present);

/// Does the same for several databases. Reads the catalog of each; `all`: all databases of a
/// server.
std::string InitialConfig(const std::vector<config::Config>& databases, bool all);

}  // namespace pgsluice::app
