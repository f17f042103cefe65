#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/config/schemas.h"
#include "pgsluice/plan/plan.h"

/// Plans definitions of a table in many schemas.
namespace pgsluice::plan {

/// Returns the tables that match the pattern, in the order of their schemas.
std::vector<const catalog::Table*> TablesOf(const config::SchemaPattern& pattern,
                                            const catalog::Catalog& catalog);

/// Returns the definition for one schema. Table names without a schema refer to that schema.
config::Index InSchema(const config::Index& index, const config::SchemaPattern& pattern,
                       const std::string& schema);

/// Returns one definition for each schema.
std::vector<config::Index> PerSchema(const config::Index& index,
                                     const config::SchemaPattern& pattern,
                                     const catalog::Catalog& catalog, std::size_t longest);

/// Returns the field that holds the schema's name in an index over many schemas.
Field SchemaField(const config::Index& index);

/// Plans an index over all schemas that match. Adds findings for the definition or for some
/// schemas.
void BuildOverSchemas(const catalog::Catalog& catalog, pg::Session& session, Planned& planned,
                      const config::SchemaPattern& pattern);

/// Adds a schema to a table's name unless the name has one.
std::string WithSchema(const std::string& name, const std::string& schema);

}  // namespace pgsluice::plan
