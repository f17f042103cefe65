#include "sync/live/times.h"

#include <algorithm>

#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/pg/text_array.h"
#include "sync/live/document_syncer.h"
#include "sync/live/missing_documents.h"

namespace pgsluice::sync {

namespace {

constexpr std::size_t kKeysPerStatement = 4096;

// One statement, so that a time becomes an event exactly once. `waiting_for` names the index,
// because other indexes of the same table do not need these rows. As in every statement that writes
// events, the transaction gets its id before the event gets one (see outbox::Floor).
const pg::Statement kRelease{"refresh_time_release", R"sql(
  WITH due AS MATERIALIZED (
    SELECT document_id, key, at FROM pgsluice.refresh_time
    WHERE index_name = $1 AND at <= pg_catalog.now()
    ORDER BY at LIMIT $3::int FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM pgsluice.refresh_time t USING due
    WHERE t.index_name = $1 AND t.document_id = due.document_id),
  parts AS (
    SELECT (row_number() OVER (ORDER BY at) - 1) / 500 AS part, key, at FROM due)
  INSERT INTO pgsluice.outbox (source, size, keys, waiting_for)
  SELECT $2::int, count(*), pg_catalog.json_agg(key::json ORDER BY at), ARRAY[$1]
  FROM parts WHERE pg_catalog.pg_current_xact_id() IS NOT NULL
  GROUP BY part ORDER BY part
  RETURNING id)sql"};

// Releases the keys with the source of each schema. Keys of no schema are deleted.
const pg::Statement kReleaseOfMembers{"refresh_time_release_members", R"sql(
  WITH due AS MATERIALIZED (
    SELECT document_id, key, at, relation FROM pgsluice.refresh_time
    WHERE index_name = $1 AND at <= pg_catalog.now()
    ORDER BY at LIMIT $2::int FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM pgsluice.refresh_time t USING due
    WHERE t.index_name = $1 AND t.document_id = due.document_id),
  parts AS (
    SELECT (row_number() OVER (PARTITION BY member.source ORDER BY at) - 1) / 500 AS part, key, at,
           member.source
    FROM due JOIN ROWS FROM (pg_catalog.unnest($3::oid[]), pg_catalog.unnest($4::int[]))
      AS member (relation, source) USING (relation))
  INSERT INTO pgsluice.outbox (source, size, keys, waiting_for)
  SELECT source, count(*), pg_catalog.json_agg(key::json ORDER BY at), ARRAY[$1]
  FROM parts WHERE pg_catalog.pg_current_xact_id() IS NOT NULL
  GROUP BY source, part ORDER BY part
  RETURNING id)sql"};

const pg::Statement kWaiting{"refresh_time_waiting",
                             "SELECT id FROM pgsluice.outbox WHERE id = ANY ($1::bigint[])"};

std::vector<std::int64_t> Ids(const pg::Result& rows) {
  std::vector<std::int64_t> ids;
  for (std::size_t row = 0; row < rows.rows(); ++row) ids.push_back(rows.Int(row, 0));
  return ids;
}

}  // namespace

template <typename Statement>
bool Times::Try(const Statement& statement) {
  session_.Exec("SAVEPOINT times");
  try {
    statement();
    session_.Exec("RELEASE SAVEPOINT times");
    return true;
  } catch (const pg::SqlError& error) {
    if (!error.IsOfOneRow()) throw;
    session_.Exec("ROLLBACK TO SAVEPOINT times");
    return false;
  }
}

bool Times::Keep(const LiveIndex& index, const Keys& keys) {
  bool near = false;
  if (index.plan->keep_times.sql.empty()) return near;
  for (std::size_t begin = 0; begin < keys.size(); begin += kKeysPerStatement) {
    KeepRange(index, keys, begin, std::min(keys.size(), begin + kKeysPerStatement), near);
  }
  return near;
}

void Times::KeepRange(const LiveIndex& index, const Keys& keys, std::size_t begin, std::size_t end,
                      bool& near) {
  const plan::Plan& plan = *index.plan;
  const bool kept = Try([&] {
    const std::string asked = JsonArray(keys, begin, end);
    near = session_.Exec(plan.keep_times, {asked}).Bool(0, 0) || near;
  });
  if (kept) return;
  if (end - begin == 1) {
    const auto ids = IdsOfKeys(session_, plan, {keys[begin]}, true);
    outbox_.RecordDeadLetter(
        plan.name, ids[0].empty() ? IdOfKey(plan, keys[begin]) : ids[0][0], keys[begin],
        "refresh_at cannot be computed for this row, so the document does not change by itself", 0,
        SourceOf(index));
    return;
  }
  const std::size_t middle = begin + (end - begin) / 2;
  KeepRange(index, keys, begin, middle, near);
  KeepRange(index, keys, middle, end, near);
}

bool Times::KeepBlocks(const LiveIndex& index, const std::string& relation, std::int64_t begin,
                       std::int64_t end) {
  if (index.plan->keep_block_times_sql.empty()) return true;
  return Try([&] {
    session_.ExecParams(index.plan->KeepTimesOfBlocks(relation).sql,
                        {std::to_string(begin), std::to_string(end)});
  });
}

bool Times::KeepAll(const LiveIndex& index) {
  if (index.plan->keep_all_times_sql.empty()) return true;
  return Try([&] { session_.Exec(index.plan->keep_all_times_sql); });
}

std::vector<std::int64_t> ReleaseDue(pg::Session& session, const LiveIndex& index, int most) {
  if (index.plan->schemas != nullptr) {
    std::vector<std::int64_t> relations, sources;
    for (const plan::Schemas::Member& member : index.plan->schemas->members) {
      relations.push_back(member.root);
    }
    if (index.member_sources != nullptr) {
      sources.assign(index.member_sources->begin(), index.member_sources->end());
    }
    return Ids(session.Exec(kReleaseOfMembers, {index.plan->name, std::to_string(most),
                                                pg::TextArray(relations), pg::TextArray(sources)}));
  }
  return Ids(session.Exec(
      kRelease, {index.plan->name, std::to_string(index.root_source), std::to_string(most)}));
}

std::vector<std::int64_t> StillWaiting(pg::Session& session, const std::vector<std::int64_t>& ids) {
  return Ids(session.Exec(kWaiting, {pg::TextArray(ids)}));
}

}  // namespace pgsluice::sync
