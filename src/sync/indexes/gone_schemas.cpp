#include "sync/indexes/gone_schemas.h"

#include <algorithm>

#include "pgsluice/base/error.h"
#include "pgsluice/config/schemas.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/text_array.h"
#include "pgsluice/sync/leftovers.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

const pg::Statement kRemember{"schema_remember", R"sql(
  UPDATE pgsluice.index_state i SET of_definition = now_is.definition, of_schema = now_is.schema
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]),
                  pg_catalog.unnest($3::text[])) AS now_is (name, definition, schema)
  WHERE i.index_name = now_is.name
    AND (i.of_definition, i.of_schema) IS DISTINCT FROM (now_is.definition, now_is.schema))sql"};

const pg::Statement kKnown{"schema_known", R"sql(
  SELECT index_name, of_definition, of_schema FROM pgsluice.index_state
  WHERE of_definition = ANY ($1::text[]) AND index_name <> ALL ($2::text[]))sql"};

/// Returns the names of the indexes whose schema or table no longer exists.
std::vector<std::string> Gone(pg::Session& session, const config::Config& config,
                              const catalog::Catalog& catalog,
                              const std::vector<std::string>& present) {
  std::map<std::string, std::string> tables;  // by definition
  std::vector<std::string> definitions;
  for (const config::Index& index : config.indexes) {
    const auto pattern = config::PatternOf(index.table);
    if (!index.per_schema || !pattern) continue;
    tables[index.name] = pattern->table;
    definitions.push_back(index.name);
  }
  std::vector<std::string> gone;
  const pg::Result rows =
      session.Exec(kKnown, {pg::TextArray(definitions), pg::TextArray(present)});
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::string table =
        pg::Session::QuoteName(rows.Text(row, 2)) + "." + tables.at(std::string(rows.Text(row, 1)));
    if (catalog.Find(std::string_view(table)) == nullptr) gone.emplace_back(rows.Text(row, 0));
  }
  return gone;
}

void Remove(pg::Session& session, engine::Engine& engine, const std::vector<std::string>& gone,
            const std::vector<plan::Planned>& planned) {
  Leftovers left = FindLeftovers(session, engine, planned);
  left.tables.clear();
  std::erase_if(left.indexes, [&](const Leftovers::Index& index) {
    return std::find(gone.begin(), gone.end(), index.name) == gone.end();
  });
  if (left.indexes.empty()) return;
  RemoveLeftovers(session, engine, left);
  for (const Leftovers::Index& index : left.indexes) {
    Log(Level::kInfo, "sync", "index removed, because its schema is gone", {{"index", index.name}});
  }
}

}  // namespace

void FollowSchemas(pg::Session& session, engine::Engine& engine, const config::Config& config,
                   const catalog::Catalog& catalog, const std::vector<plan::Planned>& planned) {
  const bool any = std::any_of(config.indexes.begin(), config.indexes.end(),
                               [](const config::Index& index) { return index.per_schema; });
  if (!any) return;
  std::vector<std::string> names, definitions, schemas, present;
  for (const plan::Planned& one : planned) {
    present.push_back(one.config.name);
    if (one.config.definition.empty()) continue;
    names.push_back(one.config.name);
    definitions.push_back(one.config.definition);
    schemas.push_back(one.config.of_schema);
  }
  session.Exec(kRemember,
               {pg::TextArray(names), pg::TextArray(definitions), pg::TextArray(schemas)});
  const std::vector<std::string> gone = Gone(session, config, catalog, present);
  if (gone.empty()) return;
  try {
    Remove(session, engine, gone, planned);
  } catch (const Error& error) {
    if (session.broken() || error.disposition() == Disposition::kRetry) throw;
    Log(Level::kError, "sync",
        "indexes of schemas that are gone cannot be removed: " + error.Full(),
        {{"remedy", "pgsluice prune"}});
  }
}

}  // namespace pgsluice::sync
