#include "plan/tree/schemas.h"

#include <algorithm>

#include "pgsluice/base/error.h"
#include "pgsluice/plan/index_names.h"
#include "plan/sql/value_sql.h"

namespace pgsluice::plan {

namespace {

template <typename Node>
void SetSources(Node& node, const std::string& schema) {
  for (auto& [table, on] : node.sources) table = WithSchema(table, schema);
}

void SetSchema(std::vector<config::Embed>& embeds, const std::string& schema) {
  for (config::Embed& embed : embeds) {
    embed.table = WithSchema(embed.table, schema);
    for (config::Through& through : embed.through) {
      through.table = WithSchema(through.table, schema);
    }
    SetSources(embed, schema);
    SetSchema(embed.embeds, schema);
  }
}

}  // namespace

std::vector<const catalog::Table*> TablesOf(const config::SchemaPattern& pattern,
                                            const catalog::Catalog& catalog) {
  const std::string name = catalog::SplitName(pattern.table).second;
  std::vector<const catalog::Table*> tables;
  for (const catalog::Table& table : catalog.tables()) {
    if (table.name == name && config::MatchesSchema(pattern.schema, table.schema)) {
      tables.push_back(&table);
    }
  }
  return tables;
}

std::string WithSchema(const std::string& name, const std::string& schema) {
  try {
    auto [own, table] = catalog::SplitName(name);
    if (!own.empty()) return name;
    catalog::Table qualified;
    qualified.schema = schema;
    qualified.name = std::move(table);
    return qualified.QualifiedName();
  } catch (const Error&) {
    return name;  // reported where it is looked up
  }
}

config::Index InSchema(const config::Index& index, const config::SchemaPattern& pattern,
                       const std::string& schema) {
  config::Index one = index;
  one.of_schema = schema;
  one.table = WithSchema(pattern.table, schema);
  SetSources(one, schema);
  SetSchema(one.embeds, schema);
  return one;
}

std::vector<config::Index> PerSchema(const config::Index& index,
                                     const config::SchemaPattern& pattern,
                                     const catalog::Catalog& catalog, std::size_t longest) {
  const std::size_t taken_up = index.name.size() + 1;
  std::vector<catalog::Table> schemas;  // named as the schemas are
  for (const catalog::Table* table : TablesOf(pattern, catalog)) {
    schemas.emplace_back().name = table->schema;
    schemas.back().oid = table->oid;
  }
  std::vector<const catalog::Table*> wanted;
  for (const catalog::Table& schema : schemas) wanted.push_back(&schema);
  const std::vector<std::string> names =
      IndexNames(wanted, {}, longest - std::min(taken_up, longest / 2));
  std::vector<config::Index> all;
  for (std::size_t i = 0; i < schemas.size(); ++i) {
    all.push_back(InSchema(index, pattern, schemas[i].name));
    all.back().definition = index.name;
    all.back().name = index.name + "." + names[i];
    all.back().place = index.place + " (schema " + schemas[i].name + ")";
  }
  return all;
}

}  // namespace pgsluice::plan
