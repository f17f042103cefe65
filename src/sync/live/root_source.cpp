#include "sync/live/root_source.h"

#include <algorithm>

#include "pgsluice/json/writer.h"
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

namespace {

std::vector<std::string> CapturedKey(const plan::Plan& plan) {
  std::vector<std::string> key = plan.key;
  const std::string& routing = plan.config.routing;
  if (!routing.empty() && std::find(key.begin(), key.end(), routing) == key.end()) {
    key.push_back(routing);
  }
  return key;
}

const pg::Statement kFindAll{"root_source_find_all", R"sql(
  WITH member AS MATERIALIZED (
    SELECT n, (v ->> 0)::oid AS relation,
           ARRAY(SELECT pg_catalog.jsonb_array_elements_text(v -> 1)) AS key
    FROM pg_catalog.jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e (v, n))
  SELECT DISTINCT ON (n) coalesce(s.id, 0)
  FROM member LEFT JOIN pgsluice.source s
    ON s.relation::oid = member.relation
       AND s.captured[1:pg_catalog.cardinality(member.key)] = member.key
  ORDER BY n, s.is_current DESC NULLS LAST, s.id DESC)sql"};

}  // namespace

std::vector<int> MemberSources(pg::Session& session, const plan::Plan& plan, bool add) {
  const plan::Schemas& schemas = *plan.schemas;
  std::string wanted = "[";
  for (const plan::Schemas::Member& member : schemas.members) {
    std::string key;
    for (const std::string& column : CapturedKey(*schemas.shapes.at(member.shape))) {
      key += (key.empty() ? "" : ",") + json::Quote(column);
    }
    wanted += (wanted.size() > 1 ? ",[" : "[") + std::to_string(member.root) + ",[" + key + "]]";
  }
  const pg::Result rows = session.Exec(kFindAll, {wanted + "]"});
  std::vector<int> sources;
  for (std::size_t i = 0; i < schemas.members.size(); ++i) {
    sources.push_back(static_cast<int>(rows.Int(i, 0)));
    if (sources.back() == 0 && add) sources.back() = std::stoi(RootSource(session, *plan.Of(i)));
  }
  return sources;
}

std::string RootSource(pg::Session& session, const plan::Plan& plan) {
  if (plan.schemas != nullptr) return "0";  // each schema has its own
  const std::vector<std::string> key = CapturedKey(plan);
  const std::string root = std::to_string(plan.root);
  pg::Result rows = session.Exec(kFind, {root, pg::TextArray(key)});
  if (rows.rows() == 0) rows = session.Exec(kAdd, {root, pg::TextArray(key)});
  return rows.rows() == 0 ? "0" : std::string(rows.Text(0, 0));
}

}  // namespace pgsluice::sync
