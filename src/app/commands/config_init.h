#pragma once

#include <string>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/plan/index_names.h"

namespace pgsluice::app {

/// A first pgsluice.json: an index per table of schema public, foreign keys as embeds, link tables
/// as many-to-many embeds; what may grow large (rows that point here) is written as a comment.
std::string InitialConfig(const catalog::Catalog& catalog, const plan::PresentIndexes& present);

/// The same for several databases. Reads the catalog of each; `all`: those of a whole server.
std::string InitialConfig(const std::vector<config::Config>& databases, bool all);

}  // namespace pgsluice::app
