#include "pgsluice/sync/definitions.h"

#include <algorithm>

#include "pgsluice/base/hash.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/pg/text_array.h"

namespace pgsluice::sync {

namespace {

// The session takes the lock before the row is committed. So a process whose row is visible holds
// its lock, unless it has ended.
const pg::Statement kJoin{"process_join", R"sql(
  WITH joined AS (INSERT INTO pgsluice.process DEFAULT VALUES RETURNING id)
  SELECT id, pg_catalog.pg_try_advisory_lock(1886612590, id) FROM joined)sql"};

const pg::Statement kUnlock{"process_unlock",
                            "SELECT pg_catalog.pg_advisory_unlock(1886612590, $1::int)"};

const pg::Statement kLooking{"process_looking",
                             "UPDATE pgsluice.process SET tables = NULL WHERE id = $1::int"};

const pg::Statement kLooked{"process_looked", R"sql(
  WITH latest AS (UPDATE pgsluice.state SET tables = $2 WHERE tables IS DISTINCT FROM $2)
  UPDATE pgsluice.process SET tables = $2 WHERE id = $1::int)sql"};

const pg::Statement kLeave{"process_leave", "DELETE FROM pgsluice.process WHERE id = $1::int"};

/// Returns the number of this process. Takes the next number if another role holds the lock,
/// because any role may take one.
std::string TakeNumber(pg::Session& session) {
  while (true) {
    const pg::Result joined = session.Exec(kJoin);
    const std::string id(joined.Text(0, 0));
    if (joined.Bool(0, 1)) return id;
    session.Exec(kLeave, {id});
  }
}

const pg::Statement kForgetDefinitions{"definition_forget",
                                       "DELETE FROM pgsluice.definition WHERE process = $1::int"};
const pg::Statement kForgetNeeds{"need_forget",
                                 "DELETE FROM pgsluice.need WHERE process = $1::int"};

const pg::Statement kDefine{"definition_save", R"sql(
  INSERT INTO pgsluice.definition (process, index_name, hash)
  SELECT $1::int, d ->> 'name', d ->> 'hash'
  FROM pg_catalog.jsonb_array_elements($2::jsonb) AS d)sql"};

// $1 NULL: the definition in force.
const pg::Statement kNeed{"need_save", R"sql(
  INSERT INTO pgsluice.need (process, index_name, relation, captured, watched)
  SELECT $1::int, d ->> 'name', (n ->> 'relation')::oid,
         ARRAY(SELECT pg_catalog.jsonb_array_elements_text(n -> 'captured')),
         CASE WHEN n ->> 'watched' IS NOT NULL
              THEN ARRAY(SELECT pg_catalog.jsonb_array_elements_text(n -> 'watched')) END
  FROM pg_catalog.jsonb_array_elements($2::jsonb) AS d,
       pg_catalog.jsonb_array_elements(d -> 'needs') AS n)sql"};

// A definition may need other columns without being changed, because tables get new columns.
const pg::Statement kForgetSame{"need_forget_same", R"sql(
  DELETE FROM pgsluice.need n
  USING pgsluice.index_state i, pg_catalog.jsonb_array_elements($1::jsonb) AS d
  WHERE n.process IS NULL AND n.index_name = i.index_name AND d ->> 'name' = i.index_name
    AND d ->> 'hash' = i.config_hash)sql"};
const pg::Statement kNeedSame{"need_save_same", R"sql(
  INSERT INTO pgsluice.need (process, index_name, relation, captured, watched)
  SELECT NULL, n.index_name, n.relation, n.captured, n.watched
  FROM pgsluice.need n JOIN pgsluice.definition d USING (process, index_name)
  JOIN pgsluice.index_state i ON i.index_name = d.index_name AND i.config_hash = d.hash
  WHERE n.process = $1::int)sql"};

const pg::Statement kForgetInForce{
    "need_forget_in_force", "DELETE FROM pgsluice.need WHERE process IS NULL AND index_name = $1"};

// The definition may have had `refresh_at` before.
const pg::Statement kForgetTimes{"refresh_time_forget",
                                 "DELETE FROM pgsluice.refresh_time WHERE index_name = $1"};

const pg::Statement kRuns{"definition_runs", R"sql(
  SELECT EXISTS (SELECT FROM pgsluice.definition WHERE index_name = $1 AND hash = $2))sql"};

const pg::Statement kAttend{"attend", "SELECT pgsluice.attend(), pgsluice.forget_dropped()"};

const pg::Statement kMarkGap{"mark_gap", "SELECT pgsluice.mark_gap($1::text[])"};

const pg::Statement kMarkMember{"mark_member", "SELECT pgsluice.mark_member($1, $2::oid)"};

const pg::Statement kResolve{"names_resolve", R"sql(
  SELECT NOT EXISTS (
    SELECT FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::text[]))
      AS relation (oid, name)
    WHERE pg_catalog.to_regclass(name) IS DISTINCT FROM oid::pg_catalog.regclass))sql"};

const pg::Statement kInForce{"definitions_in_force", R"sql(
  SELECT i.index_name, i.config_hash, coalesce(n.relation, 0)::bigint
  FROM pgsluice.index_state i
  LEFT JOIN pgsluice.need n ON n.process IS NULL AND n.index_name = i.index_name
  WHERE i.config_hash <> '')sql"};

const pg::Statement kSources{"sources", R"sql(
  SELECT id, relation::oid::bigint, pg_catalog.to_json(captured)::text FROM pgsluice.source)sql"};

void AppendTexts(std::string& json, const std::vector<std::string>& texts) {
  json += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) json += ',';
    json::AppendString(json, texts[i]);
  }
  json += ']';
}

/// Appends {"name","hash","needs":[{"relation","captured","watched"}]} of an index.
void AppendDefinition(std::string& json, const plan::Plan& plan) {
  json += R"({"name":)" + json::Quote(plan.name) + R"(,"hash":)" + json::Quote(DefinitionOf(plan)) +
          R"(,"needs":[)";
  for (std::size_t i = 0; i < plan.sources.size(); ++i) {
    const plan::Source& source = plan.sources[i];
    if (i > 0) json += ',';
    json += R"({"relation":)" + std::to_string(source.table) + R"(,"captured":)";
    AppendTexts(json, source.captured);
    if (!source.watched.empty()) {
      json += R"(,"watched":)";
      AppendTexts(json, source.watched);
    }
    json += '}';
  }
  json += "]}";
}

std::vector<std::string> Texts(std::string_view json_array) {
  std::vector<std::string> texts;
  for (const json::Value& item : json::Parse(json_array).items) texts.push_back(item.text);
  return texts;
}

}  // namespace

namespace {

/// Hashes an index over many schemas. It changes whenever the hash of a schema changes.
std::string DefinitionOfAll(const plan::Plan& plan) {
  std::string all;
  for (const std::string& definition : MemberDefinitions(plan)) all += definition + '\n';
  // None of them depends on the name of the schema's field, so it is added.
  return base::Fingerprint(all + plan.config.schema_field);
}

}  // namespace

std::vector<std::string> MemberDefinitions(const plan::Plan& plan) {
  std::vector<std::string> shapes, definitions;
  for (const auto& shape : plan.schemas->shapes) shapes.push_back(DefinitionOf(*shape));
  for (const plan::Schemas::Member& member : plan.schemas->members) {
    definitions.push_back(
        base::Fingerprint(shapes.at(member.shape) + '\n' + member.name + member.resolved));
  }
  return definitions;
}

std::string DefinitionOf(const plan::Plan& plan) {
  if (plan.schemas != nullptr) return DefinitionOfAll(plan);
  // Values are copied to these sub-fields when a document is written, so older documents lack them.
  std::string copied;
  for (const std::string& path : plan.config.search.identifiers) copied += '\n' + path;
  return base::Fingerprint(plan.read_by_key.sql + plan.block_sql + plan.keep_times.sql +
                           plan.config.pipeline + '\n' + plan.resolved + copied);
}

void Membership::Join(pg::Session& session,
                      const std::vector<std::shared_ptr<const plan::Plan>>& plans,
                      const std::vector<std::string>& names) {
  std::string definitions = "[";
  std::set<std::string> planned;
  for (const auto& plan : plans) {
    planned.insert(plan->name);
    if (definitions.size() > 1) definitions += ',';
    AppendDefinition(definitions, *plan);
  }
  for (const std::string& name : names) {
    if (planned.contains(name)) continue;
    if (definitions.size() > 1) definitions += ',';
    definitions += R"({"name":)" + json::Quote(name) + R"(,"hash":"","needs":[]})";
  }
  definitions += ']';
  if (!id_.empty() && definitions == known_) return;
  pg::Transaction transaction(session);
  const std::string id = id_.empty() ? TakeNumber(session) : id_;
  session.Exec(kForgetDefinitions, {id});
  session.Exec(kForgetNeeds, {id});
  session.Exec(kDefine, {id, definitions});
  session.Exec(kNeed, {id, definitions});
  session.Exec(kForgetSame, {definitions});
  session.Exec(kNeedSame, {id});
  transaction.Commit();
  id_ = id;
  known_ = std::move(definitions);
}

void Membership::Looking(pg::Session& session) {
  if (id_.empty() || looked_at_.empty()) return;
  session.Exec(kLooking, {id_});
  looked_at_.clear();
}

void Membership::Looked(pg::Session& session, const std::string& tables) {
  if (id_.empty() || looked_at_ == tables) return;
  session.Exec(kLooked, {id_, tables});
  looked_at_ = tables;
}

void Membership::Leave(pg::Session& session) {
  if (id_.empty()) return;
  session.Exec(kLeave, {id_});
  session.Exec(kUnlock, {id_});
  Reset();
}

bool SomeProcessRuns(pg::Session& session, const std::string& index,
                     const std::string& definition) {
  return session.Exec(kRuns, {index, definition}).Bool(0, 0);
}

void SaveNeeds(pg::Session& session, const plan::Plan& plan) {
  std::string definition = "[";
  AppendDefinition(definition, plan);
  session.Exec(kForgetInForce, {plan.name});
  session.Exec(kNeed, {std::nullopt, definition + "]"});
  if (plan.keep_times.sql.empty()) session.Exec(kForgetTimes, {plan.name});
}

void Attend(pg::Session& session) { session.Exec(kAttend); }

void MarkGap(pg::Session& session, const std::vector<std::string>& indexes) {
  session.Exec(kMarkGap, {pg::TextArray(indexes)});
}

bool NamesHold(pg::Session& session, const std::set<const plan::Plan*>& plans) {
  std::map<std::uint32_t, std::int64_t> layouts;
  for (const plan::Plan* plan : plans) {
    for (const auto& [oid, layout] : plan->relations) layouts[oid] = layout;
  }
  std::int64_t all = 0;
  std::vector<std::int64_t> oids;
  for (const auto& [oid, layout] : layouts) {
    all ^= layout;
    oids.push_back(oid);
  }
  static const pg::Statement kNamesHold{
      "names_hold",
      "SELECT (" + catalog::Catalog::LayoutSql("c.oid = ANY ($1::oid[])") + ") = $2::bigint"};
  return session.Exec(kNamesHold, {pg::TextArray(oids), std::to_string(all)}).Bool(0, 0);
}

namespace {

/// Returns whether the names of a plan's tables still refer to the same tables.
bool Resolves(pg::Session& session, const plan::Plan& plan) {
  std::vector<std::int64_t> oids{plan.root};
  std::vector<std::string> names{plan.root_name};
  for (const plan::Source& source : plan.sources) {
    oids.push_back(source.table);
    names.push_back(source.table_name);
  }
  return session.Exec(kResolve, {pg::TextArray(oids), pg::TextArray(names)}).Bool(0, 0);
}

}  // namespace

void MarkReplaced(pg::Session& session, const std::set<const plan::Plan*>& plans) {
  std::vector<std::string> replaced;
  for (const plan::Plan* plan : plans) {
    if (!plan->schema.empty()) {
      // Only this schema's rows have to be read again.
      if (!Resolves(session, *plan))
        session.Exec(kMarkMember, {plan->name, std::to_string(plan->root)});
      continue;
    }
    if (!Resolves(session, *plan)) replaced.push_back(plan->name);
  }
  if (!replaced.empty()) MarkGap(session, replaced);
}
InForce ReadInForce(pg::Session& session) {
  InForce in_force;
  const pg::Result rows = session.Exec(kInForce);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    InForce::Definition& definition = in_force.indexes[std::string(rows.Text(row, 0))];
    definition.hash = rows.Text(row, 1);
    definition.tables.insert(static_cast<std::uint32_t>(rows.Int(row, 2)));
  }
  return in_force;
}

namespace {

/// Returns the indexes over many schemas that use a table, by table.
std::multimap<std::uint32_t, Route> RoutesOfMembers(const IndexSet& set) {
  std::multimap<std::uint32_t, Route> routes;
  for (const auto& [name, index] : set.indexes) {
    const auto& schemas = index->plan->schemas;
    if (schemas == nullptr || !index->in_force) continue;
    for (std::size_t m = 0; m < schemas->members.size(); ++m) {
      const plan::Schemas::Member& member = schemas->members[m];
      const auto& sources = schemas->shapes.at(member.shape)->sources;
      for (std::size_t i = 0; i < sources.size(); ++i) {
        routes.emplace(member.Own(sources[i].table), Route{index, i, m});
      }
    }
  }
  return routes;
}

}  // namespace

void Settle(pg::Session& session, const InForce& in_force, IndexSet& set) {
  std::map<std::uint32_t, std::vector<std::string>> others;
  for (auto& [name, index] : set.indexes) {
    const auto present = in_force.indexes.find(name);
    const bool mine =
        present != in_force.indexes.end() && present->second.hash == DefinitionOf(*index->plan);
    if (mine == index->in_force) continue;
    auto changed = std::make_shared<LiveIndex>(*index);
    changed->in_force = mine;
    index = std::move(changed);
  }
  for (const auto& [name, definition] : in_force.indexes) {
    const auto own = set.indexes.find(name);
    if (own != set.indexes.end() && own->second->in_force) {
      set.interest.mine.push_back(name);
      continue;
    }
    set.interest.others.push_back(name);
    for (const std::uint32_t table : definition.tables) others[table].push_back(name);
  }
  if (set.interest.others.empty()) set.interest.mine.clear();
  const auto of_members = RoutesOfMembers(set);
  const pg::Result rows = session.Exec(kSources);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    IndexSet::EventSource source;
    source.table = static_cast<std::uint32_t>(rows.Int(row, 1));
    source.captured = Texts(rows.Text(row, 2));
    for (const auto& [name, index] : set.indexes) {
      if (!index->in_force) continue;
      if (index->plan->schemas != nullptr) continue;
      const auto& of_plan = index->plan->sources;
      for (std::size_t i = 0; i < of_plan.size(); ++i) {
        if (of_plan[i].table == source.table) source.routes.push_back({index, i});
      }
    }
    const auto [begin, end] = of_members.equal_range(source.table);
    for (auto route = begin; route != end; ++route) source.routes.push_back(route->second);
    const auto foreign = others.find(source.table);
    if (foreign != others.end()) source.others = foreign->second;
    const auto id = static_cast<int>(rows.Int(row, 0));
    if (source.routes.empty() && !source.others.empty()) set.interest.leave.insert(id);
    set.sources.emplace(id, std::move(source));
  }
}

}  // namespace pgsluice::sync
