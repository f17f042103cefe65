#include "pgsluice/sync/backfill_tasks.h"

#include <algorithm>
#include <utility>

#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/text_array.h"
#include "pgsluice/sync/bulk_writer.h"
#include "sync/indexes/index_records.h"

namespace pgsluice::sync {

namespace {

// A task is about 8 MB of heap: a transaction of a second or so, short enough for vacuum and the
// outbox floor. Tables above 80 GB get larger tasks, so that there are never more than 10,000.
const pg::Statement kCreateScan{"backfill_create_scan", R"sql(
  WITH RECURSIVE tree(oid) AS (
    SELECT pg_catalog.unnest($3::oid[])
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
  INSERT INTO pgsluice.backfill
    (index_name, physical, relation, filenode, first_block, next_block, end_block, is_last,
     position)
  SELECT $1, $2, oid, filenode, block, block, least(block + step, blocks), block + step >= blocks,
         $4::bigint
  FROM cut, pg_catalog.generate_series(0, greatest(blocks - 1, 0), step) AS block
  ORDER BY oid, block)sql"};

const pg::Statement kCreateViewScan{"backfill_create_view_scan", R"sql(
  INSERT INTO pgsluice.backfill
    (index_name, physical, relation, filenode, first_block, end_block, position)
  SELECT $1, $2, oid, 0, 0, 1, $4::bigint
  FROM pg_catalog.pg_class WHERE oid = ANY ($3::oid[]) AND relkind = 'v')sql"};

// A walk that is not yet begun serves as well; least() ignores NULL.
const pg::Statement kCreateWalk{"backfill_create_walk", R"sql(
  WITH waiting AS MATERIALIZED (
    SELECT id FROM pgsluice.backfill
    WHERE physical = $2 AND first_block IS NULL AND state = 'pending' AND reached IS NULL
      AND (schema_name IS NULL OR schema_name = $5)
    FOR UPDATE SKIP LOCKED),
  lowered AS (
    UPDATE pgsluice.backfill b SET position = least(b.position, $4::bigint)
    FROM waiting WHERE b.id = waiting.id)
  INSERT INTO pgsluice.backfill
    (index_name, physical, relation, filenode, first_block, end_block, position, schema_name)
  SELECT $1, $2, $3::oid, 0, NULL, 0, $4::bigint, $5::text WHERE NOT EXISTS (SELECT FROM waiting))sql"};

// If the sequence was never used, nextval() makes the position larger than 0.
const pg::Statement kPresentPosition{"present_position", R"sql(
  SELECT CASE WHEN is_called THEN last_value ELSE nextval('pgsluice.outbox_id_seq') END
  FROM pgsluice.outbox_id_seq)sql"};

const pg::Statement kDropJobs{"backfill_drop", R"sql(
  WITH dropped AS (
    DELETE FROM pgsluice.backfill
    WHERE physical = $1 AND (first_block IS NOT NULL OR $2::boolean)
    RETURNING state, position)
  SELECT least($3::bigint, min(position) FILTER (WHERE state = 'pending')) FROM dropped)sql"};

const pg::Statement kDropRelation{
    "backfill_drop_relation",
    "DELETE FROM pgsluice.backfill WHERE physical = $1 AND relation = $2::oid AND first_block IS "
    "NOT NULL"};

// Tasks of indexes that this process can read.
const std::string kMine = R"sql(b.state = 'pending'
    AND (b.physical IN (SELECT pg_catalog.jsonb_array_elements_text($1::jsonb))
         OR b.first_block IS NULL
            AND b.index_name IN (SELECT pg_catalog.jsonb_array_elements_text($2::jsonb))))sql";

const pg::Statement kClaim{"backfill_claim", R"sql(
  SELECT b.id, b.index_name, b.physical, b.relation::regclass::text, b.relation, b.filenode,
         b.first_block, b.next_block, b.end_block, b.is_last, coalesce(b.reached, ''),
         coalesce(i.backfill_rate, 0), b.position, coalesce(b.schema_name, '')
  FROM pgsluice.backfill b LEFT JOIN pgsluice.index_state i USING (index_name)
  WHERE (i.backfill_next IS NULL OR i.backfill_next <= pg_catalog.clock_timestamp()) AND )sql" +
                                                 kMine + R"sql(
  ORDER BY b.id LIMIT 1 FOR UPDATE OF b SKIP LOCKED)sql"};

const pg::Statement kUntilNext{"backfill_until_next", R"sql(
  SELECT ceil(extract(epoch FROM min(i.backfill_next) - pg_catalog.clock_timestamp()) * 1000)::bigint
  FROM pgsluice.backfill b JOIN pgsluice.index_state i USING (index_name)
  WHERE i.backfill_next IS NOT NULL AND )sql" + kMine};

const pg::Statement kSave{"backfill_save", R"sql(
  UPDATE pgsluice.backfill
  SET state = CASE WHEN $2::boolean THEN 'done' ELSE 'pending' END, rows = rows + $3::bigint,
      next_block = $4::bigint, end_block = $5::bigint, reached = nullif($6, ''),
      started_at = coalesce(started_at, pg_catalog.now()),
      updated_at = pg_catalog.clock_timestamp()
  WHERE id = $1)sql"};

// The same lock as in pgsluice.claim().
const pg::Statement kEnter{"generation_enter", "SELECT pgsluice.enter_generation($1::int)"};

const pg::Statement kBehind{"generation_behind", R"sql(
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks
    WHERE locktype = 'advisory' AND objid <> $1::oid AND objsubid = 2 AND mode = 'ShareLock'
      AND (classid = 1886612589 OR classid BETWEEN 1886620000 AND 1886719999)
      AND database = (SELECT oid FROM pg_catalog.pg_database
                      WHERE datname = pg_catalog.current_database())
      -- Any role may take this advisory lock, so only roles that can acknowledge events count.
      AND pgsluice.is_ours(pid)))sql"};

const pg::Statement kRaise{"generation_raise",
                           "UPDATE pgsluice.state SET generation = generation + 1"};

const pg::Statement kBlocks{"backfill_blocks", R"sql(
  SELECT pg_catalog.pg_relation_size($1::oid)
         / pg_catalog.current_setting('block_size')::bigint)sql"};

const pg::Statement kSameStorage{"backfill_same_storage", R"sql(
  SELECT pg_catalog.pg_relation_filenode($1::oid) IS NOT DISTINCT FROM $2::oid)sql"};

const pg::Statement kProgress{"backfill_progress", R"sql(
  SELECT p.pieces_left, p.done, p.total, p.eta_s, w.walked,
         p.pieces_left > 0 AND p.pieces_left = w.pieces_left
  FROM pgsluice.progress($1) AS p,
       (SELECT coalesce(sum(b.rows), 0) AS walked, count(*) FILTER (WHERE b.state = 'pending')
        FROM pgsluice.backfill b
        WHERE b.physical = $1 AND b.first_block IS NULL) AS w (walked, pieces_left))sql"};

const pg::Statement kWaiting{
    "backfill_waiting",
    "SELECT DISTINCT index_name, physical FROM pgsluice.backfill WHERE state = 'pending'"};

const pg::Statement kIsCurrent{"index_state_is_current", R"sql(
  SELECT physical = $2 AND CASE WHEN building_uuid IS NULL THEN '' ELSE building END = $3
  FROM pgsluice.index_state WHERE index_name = $1 FOR NO KEY UPDATE)sql"};

// Such tasks were created by a process that did not know yet that another one had created the index
// again. A walk applies to whatever index the alias leads to, so it stays.
const pg::Statement kDropVoid{"backfill_drop_void", R"sql(
  DELETE FROM pgsluice.backfill b USING pgsluice.index_state i
  WHERE i.index_name = b.index_name AND (b.first_block IS NOT NULL OR b.state = 'done')
    AND (b.physical <> i.physical AND b.physical IS DISTINCT FROM i.building
         OR b.first_block IS NOT NULL
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = b.relation)))sql"};

std::string Oid(std::uint32_t oid) { return std::to_string(oid); }

/// Returns physical names and names of the indexes that this process writes, except those in `but`,
/// as the parameters of the statements on tasks.
std::pair<std::string, std::string> NamesOf(const IndexSet& set,
                                            const std::vector<std::string>& but = {}) {
  std::string physicals = "[", names = "[";
  for (const auto& [name, index] : set.indexes) {
    if (!index->in_force || std::find(but.begin(), but.end(), name) != but.end()) continue;
    if (names.size() > 1) names += ',';
    json::AppendString(names, name);
    for (const Target& target : index->targets) {
      if (physicals.size() > 1) physicals += ',';
      json::AppendString(physicals, target.physical);
    }
  }
  return {physicals + "]", names + "]"};
}

void AddWalk(pg::Session& session, const LiveIndex& index, const pg::Param& position,
             const std::string& schema) {
  const pg::Param only = schema.empty() ? pg::Param() : pg::Param(schema);
  for (const Target& target : index.targets) {
    session.Exec(kCreateWalk,
                 {index.plan->name, target.physical, Oid(index.plan->root), position, only});
  }
}

/// Returns the root tables of the index.
std::vector<std::uint32_t> RootsOf(const plan::Plan& plan) {
  if (plan.schemas == nullptr) return {plan.root};
  std::vector<std::uint32_t> roots;
  for (const plan::Schemas::Member& member : plan.schemas->members) {
    roots.push_back(member.root);
  }
  return roots;
}

}  // namespace

std::int64_t PresentPosition(pg::Session& session) {
  return session.Exec(kPresentPosition).Int(0, 0);
}

void CreateScan(pg::Session& session, const LiveIndex& index, bool walk, std::int64_t position) {
  const bool of_member = !index.plan->schema.empty();
  for (const Target& target : index.targets) {
    if (of_member) break;
    const char* walks = walk ? "true" : "false";
    position =
        session.Exec(kDropJobs, {target.physical, walks, std::to_string(position)}).Int(0, 0);
  }
  CreateScanOf(session, index, RootsOf(*index.plan), position);
  if (walk) CreateWalk(session, index, position);
}

void CreateScanOf(pg::Session& session, const LiveIndex& index,
                  const std::vector<std::uint32_t>& relations, std::int64_t position) {
  const std::string at = std::to_string(position);
  const std::string oids =
      pg::TextArray(std::vector<std::int64_t>(relations.begin(), relations.end()));
  for (const Target& target : index.targets) {
    session.Exec(kCreateScan, {index.plan->name, target.physical, oids, at});
    session.Exec(kCreateViewScan, {index.plan->name, target.physical, oids, at});
  }
}

void DropScanOf(pg::Session& session, const LiveIndex& index, std::uint32_t relation) {
  for (const Target& target : index.targets) {
    session.Exec(kDropRelation, {target.physical, Oid(relation)});
  }
}

void CreateWalk(pg::Session& session, const LiveIndex& index, std::int64_t position) {
  CreateWalkOf(session, index, index.plan->schema, position);
}

void CreateWalkOf(pg::Session& session, const LiveIndex& index, const std::string& schema,
                  std::int64_t position) {
  AddWalk(session, index, std::to_string(position), schema);
  IndexRecords(session).WalkLater(index.plan->name);
}

void WalkAgain(pg::Session& session, const IndexSet& set) {
  pg::Transaction transaction(session);
  for (const std::string& name : IndexRecords(session).TakeDueWalks(NamesOf(set).second)) {
    AddWalk(session, *set.indexes.at(name), std::nullopt, "");
  }
  transaction.Commit();
}

bool EnterGeneration(pg::Session& session, int generation) {
  session.Exec(kEnter, {std::to_string(generation)});
  return outbox::ReadGeneration(session) == generation;
}

bool OthersAreBehind(pg::Session& session, int generation) {
  return session.Exec(kBehind, {std::to_string(generation)}).Bool(0, 0);
}

void RaiseGeneration(pg::Session& session) { session.Exec(kRaise); }

std::optional<BackfillTask> ClaimTask(pg::Session& session, const IndexSet& set,
                                      const std::vector<std::string>& held) {
  const auto [physicals, names] = NamesOf(set, held);
  const pg::Result rows = session.Exec(kClaim, {physicals, names});
  if (rows.rows() == 0) return std::nullopt;
  BackfillTask task;
  task.id = rows.Int(0, 0);
  task.index_name = rows.Text(0, 1);
  task.physical = rows.Text(0, 2);
  task.relation = rows.Text(0, 3);
  task.relation_oid = static_cast<std::uint32_t>(rows.Int(0, 4));
  task.filenode = static_cast<std::uint32_t>(rows.Int(0, 5));
  if (!rows.IsNull(0, 6)) task.first_block = rows.Int(0, 6);
  task.next_block = rows.Int(0, 7);
  task.end_block = rows.Int(0, 8);
  task.is_last = rows.Bool(0, 9);
  task.reached = rows.Text(0, 10);
  task.rate = rows.Int(0, 11);
  if (rows.IsNull(0, 12)) {
    task.position.reset();
  } else {
    task.position = rows.Int(0, 12);
  }
  task.schema = rows.Text(0, 13);
  return task;
}

Next UntilNextTask(pg::Session& session, const IndexSet& set) {
  const auto [physicals, names] = NamesOf(set);
  const pg::Result rows = session.Exec(kUntilNext, {physicals, names});
  if (rows.IsNull(0, 0)) return kUntilCalled;
  return {std::chrono::milliseconds(std::max<std::int64_t>(rows.Int(0, 0), 1)), true};
}

bool SameStorage(pg::Session& session, const BackfillTask& task) {
  if (task.filenode == 0) return true;  // a view
  return session.Exec(kSameStorage, {Oid(task.relation_oid), Oid(task.filenode)}).Bool(0, 0);
}

std::int64_t BlocksOf(pg::Session& session, std::uint32_t relation) {
  return session.Exec(kBlocks, {Oid(relation)}).Int(0, 0);
}

void SaveTask(pg::Session& session, const BackfillTask& task, const Portion& portion) {
  const std::string rows = std::to_string(portion.rows);
  session.Exec(kSave,
               {std::to_string(task.id), portion.finished ? "true" : "false", rows,
                std::to_string(task.next_block), std::to_string(task.end_block), task.reached});
}

void KeepRate(pg::Session& session, const BackfillTask& task, const Portion& portion) {
  if (task.rate == 0) return;
  IndexRecords(session).KeepRate(task.index_name, portion.rows,
                                 std::chrono::duration<double>(portion.took).count());
}

bool BeginBackfill(pg::Session& session, const LiveIndex& index, std::int64_t rate) {
  pg::Transaction transaction(session);
  const std::string& name = index.plan->name;
  const IndexRecords records(session);
  if (!records.SetRate(name, index.physical, rate)) {
    throw IndexMissing(index.physical);
  }
  const bool fresh = ProgressOf(session, index.physical).pieces_left == 0;
  if (fresh) {
    CreateScan(session, index.Only(index.targets.at(0)), true, PresentPosition(session));
    records.Backfilling(name);
  }
  transaction.Commit();
  return fresh;
}

std::int64_t BackfilledRows(pg::Session& session, const std::string& index_name) {
  return IndexRecords(session).BackfilledRows(index_name);
}

Waiting WaitingTasks(pg::Session& session, const IndexSet& set) {
  Waiting waiting;
  const pg::Result rows = session.Exec(kWaiting);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto index = set.indexes.find(std::string(rows.Text(row, 0)));
    if (index == set.indexes.end() || !index->second->in_force) continue;
    waiting.any = true;
    waiting.unknown = waiting.unknown || FindTarget(*index->second, rows.Text(row, 1)) == nullptr;
  }
  return waiting;
}

void RequireCurrent(pg::Session& session, const LiveIndex& index) {
  const std::string building = index.targets.size() > 1 ? index.targets[1].physical : "";
  const pg::Result rows = session.Exec(kIsCurrent, {index.plan->name, index.physical, building});
  if (rows.rows() == 1 && rows.Bool(0, 0)) return;
  throw IndexMissing(index.physical);
}

const Target* FindTarget(const LiveIndex& index, std::string_view physical) {
  const auto found =
      std::find_if(index.targets.begin(), index.targets.end(),
                   [&](const Target& target) { return target.physical == physical; });
  return found == index.targets.end() ? nullptr : &*found;
}

void DropVoidTasks(pg::Session& session) { session.Exec(kDropVoid); }

Progress ProgressOf(pg::Session& session, const std::string& physical) {
  const pg::Result rows = session.Exec(kProgress, {physical});
  Progress progress;
  progress.pieces_left = rows.Int(0, 0);
  progress.done = rows.Int(0, 1);
  progress.total = rows.Int(0, 2);
  progress.walked = rows.Int(0, 4);
  progress.walking = rows.Bool(0, 5);
  if (!rows.IsNull(0, 3)) progress.eta_s = rows.Int(0, 3);
  return progress;
}

bool CloseIfDone(pg::Session& session, const std::string& physical) {
  if (ProgressOf(session, physical).pieces_left > 0) return false;
  if (const auto filled = IndexRecords(session).Filled(physical)) {
    observe::Log(observe::Level::kInfo, "sync", "backfill finished",
                 {{"index", filled->first}, {"rows", filled->second}});
  }
  return true;
}

}  // namespace pgsluice::sync
