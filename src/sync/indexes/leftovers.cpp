#include "pgsluice/sync/leftovers.h"

#include <algorithm>
#include <set>

#include "pgsluice/pg/text_array.h"
#include "pgsluice/sync/attach.h"

namespace pgsluice::sync {

namespace {

// Indexes that are configured neither here nor in any running process.
const pg::Statement kIndexes{"leftover_indexes", R"sql(
  SELECT n.name, coalesce(i.physical, ''), coalesce(i.uuid, ''), coalesce(i.building, ''),
         coalesce(i.building_uuid, ''),
         (SELECT count(*) FROM pgsluice.dead_letter d WHERE d.index_name = n.name)
  FROM (SELECT index_name FROM pgsluice.index_state
        UNION SELECT index_name FROM pgsluice.index_trouble
        UNION SELECT index_name FROM pgsluice.index_plan
        UNION SELECT index_name FROM pgsluice.dead_letter
        UNION SELECT index_name FROM pgsluice.backfill
        UNION SELECT index_name FROM pgsluice.pass
        UNION SELECT DISTINCT index_name FROM pgsluice.refresh_time) AS n (name)
  LEFT JOIN pgsluice.index_state i ON i.index_name = n.name
  WHERE n.name <> ALL ($1::text[])
    AND NOT EXISTS (SELECT FROM pgsluice.definition d WHERE d.index_name = n.name)
  ORDER BY n.name)sql"};

// Tables that neither a configured index nor a process needs.
const pg::Statement kTables{"leftover_tables", R"sql(
  SELECT DISTINCT s.relation::oid::bigint, format('%I.%I', s.schema_name, s.table_name)
  FROM pgsluice.source s
  WHERE s.is_current AND s.relation::oid <> ALL ($1::oid[])
    AND NOT EXISTS (SELECT FROM pgsluice.need n
                    WHERE n.relation = s.relation::oid
                      AND (n.process IS NOT NULL OR n.index_name <> ALL ($2::text[])))
  ORDER BY 2)sql"};

// Events stop waiting for these indexes, and all processes check the definitions again.
const pg::Statement kGiveUp{"leftover_give_up", "SELECT pgsluice.mark_gap($1::text[])"};

const pg::Statement kForget{"leftover_forget", R"sql(
  WITH state AS (DELETE FROM pgsluice.index_state WHERE index_name = ANY ($1::text[])),
       trouble AS (DELETE FROM pgsluice.index_trouble WHERE index_name = ANY ($1::text[])),
       plan AS (DELETE FROM pgsluice.index_plan WHERE index_name = ANY ($1::text[])),
       letter AS (DELETE FROM pgsluice.dead_letter WHERE index_name = ANY ($1::text[])),
       task AS (DELETE FROM pgsluice.backfill WHERE index_name = ANY ($1::text[])),
       pass AS (DELETE FROM pgsluice.pass WHERE index_name = ANY ($1::text[])),
       member AS (DELETE FROM pgsluice.member WHERE index_name = ANY ($1::text[])),
       due AS (DELETE FROM pgsluice.refresh_time WHERE index_name = ANY ($1::text[]))
  DELETE FROM pgsluice.need WHERE process IS NULL AND index_name = ANY ($1::text[]))sql"};

std::vector<std::string> NamesOf(const std::vector<Leftovers::Index>& indexes) {
  std::vector<std::string> names;
  for (const Leftovers::Index& index : indexes) names.push_back(index.name);
  return names;
}

/// Adds the index if pgsluice created it.
void AddIfOurs(engine::Engine& engine, const std::string& physical, const std::string& uuid,
               std::vector<std::string>& found) {
  if (physical.empty() || uuid.empty()) return;
  const auto there = engine.Uuids(physical);
  const auto known = there.find(physical);
  if (known != there.end() && known->second == uuid) found.push_back(physical);
}

}  // namespace

Leftovers FindLeftovers(pg::Session& session, engine::Engine& engine,
                        const std::vector<plan::Planned>& planned) {
  Leftovers left;
  std::vector<std::string> configured;
  std::set<std::string> needed;
  for (const plan::Planned& one : planned) {
    configured.push_back(one.config.name);
    if (one.plan == nullptr) {
      left.misfits.push_back(one.config.name);
      continue;
    }
    for (const plan::Source& source : one.plan->sources) {
      needed.insert(std::to_string(source.table));
    }
  }
  const pg::Result indexes = session.Exec(kIndexes, {pg::TextArray(configured)});
  for (std::size_t row = 0; row < indexes.rows(); ++row) {
    const auto text = [&](std::size_t column) { return std::string(indexes.Text(row, column)); };
    Leftovers::Index index{text(0), {}, indexes.Int(row, 5)};
    AddIfOurs(engine, text(1), text(2), index.physical);
    AddIfOurs(engine, text(3), text(4), index.physical);
    left.indexes.push_back(std::move(index));
  }
  if (!left.misfits.empty()) return left;
  const pg::Result tables =
      session.Exec(kTables, {pg::TextArray(std::vector<std::string>(needed.begin(), needed.end())),
                             pg::TextArray(NamesOf(left.indexes))});
  for (std::size_t row = 0; row < tables.rows(); ++row) {
    left.tables.push_back(
        {static_cast<std::uint32_t>(tables.Int(row, 0)), std::string(tables.Text(row, 1))});
  }
  return left;
}

void RemoveLeftovers(pg::Session& session, engine::Engine& engine, const Leftovers& leftovers) {
  for (const Leftovers::Index& index : leftovers.indexes) {
    for (const std::string& physical : index.physical) engine.DeleteIndex(physical);
  }
  const std::string names = pg::TextArray(NamesOf(leftovers.indexes));
  pg::Transaction transaction(session);
  session.Exec(kGiveUp, {names});
  session.Exec(kForget, {names});
  transaction.Commit();
  for (const Leftovers::Table& table : leftovers.tables) {
    DetachTable(session, {table.oid, table.name, {}, {}}, [](const std::string&) {});
  }
}

}  // namespace pgsluice::sync
