#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/config/schemas.h"
#include "pgsluice/plan/plan.h"

/// Definitions of a table in many schemas.
namespace pgsluice::plan {

/// The tables that the pattern finds, in the order of their schemas.
std::vector<const catalog::Table*> TablesOf(const config::SchemaPattern& pattern,
                                            const catalog::Catalog& catalog);

/// The definition for the tables of one schema: names without a schema mean its own.
config::Index InSchema(const config::Index& index, const config::SchemaPattern& pattern,
                       const std::string& schema);

/// The definitions of an index for each schema.
std::vector<config::Index> PerSchema(const config::Index& index,
                                     const config::SchemaPattern& pattern,
                                     const catalog::Catalog& catalog, std::size_t longest);

/// The field that holds the schema's name, in an index over many.
Field SchemaField(const config::Index& index);

/// The plan of an index over the schemas that match, with what is wrong with it or with some of
/// them.
void BuildOverSchemas(const catalog::Catalog& catalog, pg::Session& session, Planned& planned,
                      const config::SchemaPattern& pattern);

/// Adds a schema to a table's name if that has no schema.
std::string WithSchema(const std::string& name, const std::string& schema);

}  // namespace pgsluice::plan
