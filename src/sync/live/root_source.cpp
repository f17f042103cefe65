#include "sync/live/root_source.h"

#include <algorithm>

#include "pgsluice/pg/text_array.h"

namespace pgsluice::sync {

namespace {

const pg::Statement kFind{"root_source_find", R"sql(
  SELECT id FROM pgsluice.source
  WHERE relation = $1::oid AND captured[1:pg_catalog.cardinality($2::text[])] = $2::text[]
  ORDER BY is_current DESC, id DESC LIMIT 1)sql"};

// Not current, because attach() and detach() expect triggers for current sources.
const pg::Statement kAdd{"root_source_add", R"sql(
  INSERT INTO pgsluice.source (relation, schema_name, table_name, identity, captured, mode,
                               is_current, functions)
  SELECT c.oid, n.nspname, c.relname, $2::text[], $2::text[], 'statement', false, ''
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid
  RETURNING id)sql"};

}  // namespace

std::string RootSource(pg::Session& session, const plan::Plan& plan) {
  std::vector<std::string> key = plan.key;
  const std::string& routing = plan.config.routing;
  if (!routing.empty() && std::find(key.begin(), key.end(), routing) == key.end()) {
    key.push_back(routing);
  }
  const std::string root = std::to_string(plan.root);
  pg::Result rows = session.Exec(kFind, {root, pg::TextArray(key)});
  if (rows.rows() == 0) rows = session.Exec(kAdd, {root, pg::TextArray(key)});
  return rows.rows() == 0 ? "0" : std::string(rows.Text(0, 0));
}

}  // namespace pgsluice::sync
