#include "pgsluice/sync/jobs.h"

#include "pgsluice/json/writer.h"
#include "pgsluice/sync/writer.h"

namespace pgsluice::sync {

namespace {

// About 8 MB of heap: a transaction of a second or so, which neither vacuum nor the outbox floor
// minds. Tables above 80 GB get larger pieces so that there are never more than 10,000.
const pg::Statement kCreateScan{"backfill_create_scan", R"sql(
  WITH RECURSIVE tree(oid) AS (
    SELECT $3::oid
    UNION
    SELECT inhrelid FROM pg_catalog.pg_inherits JOIN tree ON inhparent = tree.oid),
  relations AS (
    SELECT c.oid, pg_catalog.pg_relation_filenode(c.oid) AS filenode,
           pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint
             AS blocks
    FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid
    WHERE c.relkind IN ('r', 'm')),
  cut AS (
    SELECT oid, filenode, blocks, greatest(1024, blocks / 10000) AS step FROM relations)
  INSERT INTO pgsluice.backfill (index_name, physical, relation, filenode, first_block, end_block)
  SELECT $1, $2, oid, filenode, block, least(block + step, blocks)
  FROM cut, pg_catalog.generate_series(0, blocks - 1, step) AS block
  ORDER BY oid, block)sql"};

const pg::Statement kCreateViewScan{"backfill_create_view_scan", R"sql(
  INSERT INTO pgsluice.backfill (index_name, physical, relation, filenode, first_block, end_block)
  SELECT $1, $2, oid, 0, 0, 1 FROM pg_catalog.pg_class WHERE oid = $3::oid AND relkind = 'v')sql"};

const pg::Statement kCreateWalk{"backfill_create_walk", R"sql(
  INSERT INTO pgsluice.backfill (index_name, physical, relation, filenode, first_block, end_block)
  SELECT $1, $2, $3::oid, 0, NULL, 0
  WHERE NOT EXISTS (SELECT FROM pgsluice.backfill
                    WHERE physical = $2 AND first_block IS NULL AND state = 'pending'
                    FOR UPDATE SKIP LOCKED))sql"};

const pg::Statement kDropJobs{"backfill_drop",
                              "DELETE FROM pgsluice.backfill WHERE index_name = $1"};

const pg::Statement kClaim{"backfill_claim", R"sql(
  SELECT id, index_name, physical, relation::regclass::text, relation, filenode, first_block,
         end_block
  FROM pgsluice.backfill
  WHERE state = 'pending'
    AND (physical IN (SELECT pg_catalog.jsonb_array_elements_text($1::jsonb))
         OR first_block IS NULL
            AND index_name IN (SELECT pg_catalog.jsonb_array_elements_text($2::jsonb)))
  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)sql"};

const pg::Statement kFinish{"backfill_finish", R"sql(
  UPDATE pgsluice.backfill SET state = 'done', rows = $2, updated_at = pg_catalog.now()
  WHERE id = $1)sql"};

const pg::Statement kSameStorage{"backfill_same_storage", R"sql(
  SELECT pg_catalog.pg_relation_filenode($1::oid) IS NOT DISTINCT FROM $2::oid)sql"};

const pg::Statement kProgress{"backfill_progress", R"sql(
  SELECT count(*) FILTER (WHERE state = 'pending'),
         coalesce(sum(end_block - first_block) FILTER (WHERE state = 'done'), 0),
         coalesce(sum(end_block - first_block), 0), coalesce(sum(rows), 0)
  FROM pgsluice.backfill WHERE physical = $1)sql"};

const pg::Statement kWaiting{
    "backfill_waiting",
    "SELECT DISTINCT index_name, physical FROM pgsluice.backfill WHERE state = 'pending'"};

const pg::Statement kIsCurrent{"index_state_is_current", R"sql(
  SELECT physical = $2 FROM pgsluice.index_state WHERE index_name = $1 FOR SHARE)sql"};

// Left by a process that did not know yet of an index made by another one. A walk holds for
// whatever index the alias leads to.
const pg::Statement kDropVoid{"backfill_drop_void", R"sql(
  DELETE FROM pgsluice.backfill b USING pgsluice.index_state i
  WHERE i.index_name = b.index_name AND (b.first_block IS NOT NULL OR b.state = 'done')
    AND b.physical <> i.physical AND b.physical IS DISTINCT FROM i.building)sql"};

const pg::Statement kClose{"backfill_close", R"sql(
  DELETE FROM pgsluice.backfill
  WHERE physical = $1
    AND NOT EXISTS (SELECT FROM pgsluice.backfill WHERE physical = $1 AND state = 'pending'))sql"};

std::string Oid(std::uint32_t oid) { return std::to_string(oid); }

}  // namespace

void CreateScan(pg::Session& session, const LiveIndex& index, bool walk) {
  session.Exec(kDropJobs, {index.plan->name});
  CreateScanOf(session, index, index.plan->root);
  if (walk) CreateWalk(session, index);
}

void CreateScanOf(pg::Session& session, const LiveIndex& index, std::uint32_t relation) {
  session.Exec(kCreateScan, {index.plan->name, index.physical, Oid(relation)});
  session.Exec(kCreateViewScan, {index.plan->name, index.physical, Oid(relation)});
}

void CreateWalk(pg::Session& session, const LiveIndex& index) {
  session.Exec(kCreateWalk, {index.plan->name, index.physical, Oid(index.plan->root)});
}

std::optional<Job> ClaimJob(pg::Session& session, const IndexSet& set) {
  std::string physicals = "[", names = "[";
  for (const auto& [name, index] : set.indexes) {
    if (names.size() > 1) physicals += ',', names += ',';
    json::AppendString(physicals, index->physical);
    json::AppendString(names, name);
  }
  const pg::Result rows = session.Exec(kClaim, {physicals + "]", names + "]"});
  if (rows.rows() == 0) return std::nullopt;
  Job job;
  job.id = rows.Int(0, 0);
  job.index_name = rows.Text(0, 1);
  job.physical = rows.Text(0, 2);
  job.relation = rows.Text(0, 3);
  job.relation_oid = static_cast<std::uint32_t>(rows.Int(0, 4));
  job.filenode = static_cast<std::uint32_t>(rows.Int(0, 5));
  if (!rows.IsNull(0, 6)) job.first_block = rows.Int(0, 6);
  job.end_block = rows.Int(0, 7);
  return job;
}

bool SameStorage(pg::Session& session, const Job& job) {
  if (job.filenode == 0) return true;  // a view
  return session.Exec(kSameStorage, {Oid(job.relation_oid), Oid(job.filenode)}).Bool(0, 0);
}

void FinishJob(pg::Session& session, const Job& job, std::int64_t rows) {
  session.Exec(kFinish, {std::to_string(job.id), std::to_string(rows)});
}

Waiting WaitingJobs(pg::Session& session, const IndexSet& set) {
  Waiting waiting;
  const pg::Result rows = session.Exec(kWaiting);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto index = set.indexes.find(std::string(rows.Text(row, 0)));
    if (index == set.indexes.end()) continue;
    waiting.any = true;
    waiting.unknown = waiting.unknown || index->second->physical != rows.Text(row, 1);
  }
  return waiting;
}

void RequireCurrent(pg::Session& session, const LiveIndex& index) {
  const pg::Result rows = session.Exec(kIsCurrent, {index.plan->name, index.physical});
  if (rows.rows() == 1 && rows.Bool(0, 0)) return;
  throw IndexMissing(index.physical);
}

void DropVoidJobs(pg::Session& session) { session.Exec(kDropVoid); }

Progress ProgressOf(pg::Session& session, const std::string& physical) {
  const pg::Result rows = session.Exec(kProgress, {physical});
  return {rows.Int(0, 0), rows.Int(0, 1), rows.Int(0, 2), rows.Int(0, 3)};
}

bool CloseIfDone(pg::Session& session, const std::string& physical) {
  if (ProgressOf(session, physical).pieces_left > 0) return false;
  session.Exec(kClose, {physical});
  return true;
}

}  // namespace pgsluice::sync
