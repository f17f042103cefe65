#include "sync/indexes/index_records.h"

#include <spdlog/fmt/fmt.h>

#include <sstream>

namespace pgsluice::sync {

namespace {

const std::string kFilling = "state = 'backfilling'";

const pg::Statement kLoad{"index_state_load", R"sql(
  SELECT physical, uuid, config_hash, mapping_hash, relations, root_source, state, reason,
         building, building_uuid, refused
  FROM pgsluice.index_state WHERE index_name = $1)sql"};

const pg::Statement kSave{"index_state_save", R"sql(
  INSERT INTO pgsluice.index_state
    (index_name, physical, uuid, config_hash, mapping_hash, relations, root_source, state,
     reason, building, building_uuid, refused, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, ''), nullif($11, ''), $12,
          pg_catalog.now())
  ON CONFLICT (index_name) DO UPDATE
  SET physical = excluded.physical, uuid = excluded.uuid, config_hash = excluded.config_hash,
      mapping_hash = excluded.mapping_hash, relations = excluded.relations,
      root_source = excluded.root_source,
      state = excluded.state, reason = excluded.reason, building = excluded.building,
      building_uuid = excluded.building_uuid, refused = excluded.refused, updated_at = excluded.updated_at)sql"};

const pg::Statement kSetRate{"backfill_begin", R"sql(
  UPDATE pgsluice.index_state
  SET backfill_rate = nullif($3::bigint, 0), backfill_next = NULL
  WHERE index_name = $1 AND physical = $2)sql"};

const pg::Statement kBackfilling{"backfill_begun", R"sql(
  UPDATE pgsluice.index_state SET state = 'backfilling', updated_at = pg_catalog.now()
  WHERE index_name = $1 AND state = 'live')sql"};

// The time of a portion is counted from its beginning, so that the work itself costs no extra time.
// If the task was late before, it may catch up by at most one second.
const pg::Statement kKeepRate{"backfill_keep_rate", R"sql(
  UPDATE pgsluice.index_state
  SET backfill_next = greatest(backfill_next, pg_catalog.clock_timestamp()
                        - pg_catalog.make_interval(secs => $3::double precision
                            + CASE WHEN backfill_next IS NULL THEN 0 ELSE 1 END))
                      + pg_catalog.make_interval(secs => $2::double precision / backfill_rate)
  WHERE index_name = $1 AND backfill_rate > 0)sql"};

const pg::Statement& FilledStatement() {
  static const pg::Statement kFilled{
      "backfill_close",
      fmt::format(R"sql(
  WITH gone AS (
    DELETE FROM pgsluice.backfill
    WHERE physical = $1
      AND NOT EXISTS (SELECT FROM pgsluice.backfill WHERE physical = $1 AND state = 'pending')
    RETURNING rows, first_block)
  UPDATE pgsluice.index_state
  SET backfill_rate = NULL, backfill_next = NULL,
      state = CASE WHEN {} THEN {} ELSE state END,
      backfilled_rows = (SELECT coalesce(sum(rows) FILTER (WHERE first_block IS NOT NULL), 0)
                         FROM gone)
  WHERE $1 IN (physical, building) AND EXISTS (SELECT FROM gone)
  RETURNING index_name, backfilled_rows)sql",
                  kFilling,
                  PhaseSql("false", "building IS NOT NULL", "refused <> ''", "reason <> ''"))};
  return kFilled;
}

const pg::Statement kBackfilled{
    "backfilled_rows", "SELECT backfilled_rows FROM pgsluice.index_state WHERE index_name = $1"};

// Twice as long as a bulk request may last. By then everything that a killed process had sent has
// arrived.
const pg::Statement kLater{"backfill_walk_later", R"sql(
  UPDATE pgsluice.index_state
  SET walk_again = pg_catalog.clock_timestamp() + interval '60 s' WHERE index_name = $1)sql"};

const pg::Statement kDue{"backfill_walk_due", R"sql(
  UPDATE pgsluice.index_state SET walk_again = NULL
  WHERE walk_again <= pg_catalog.clock_timestamp()
    AND index_name IN (SELECT pg_catalog.jsonb_array_elements_text($1::jsonb))
  RETURNING index_name)sql"};

const pg::Statement& RequestStatement() {
  static const pg::Statement kRequest{
      "reindex_request", fmt::format(R"sql(
  UPDATE pgsluice.index_state
  SET building = $2, building_uuid = NULL, refused = '', keep_old = $3::boolean, state = {},
      updated_at = pg_catalog.now()
  WHERE index_name = $1)sql",
                                     PhaseSql(kFilling, "true", "false", "reason <> ''"))};
  return kRequest;
}

const pg::Statement& ContinueStatement() {
  static const pg::Statement kContinue{
      "reindex_go_on", fmt::format(R"sql(
  UPDATE pgsluice.index_state SET refused = '', keep_old = $2::boolean, state = {}
  WHERE index_name = $1)sql",
                                   PhaseSql(kFilling, "true", "false", "reason <> ''"))};
  return kContinue;
}

const pg::Statement& RefuseStatement() {
  static const pg::Statement kRefuse{
      "reindex_refuse", fmt::format(R"sql(
  UPDATE pgsluice.index_state SET refused = $3, state = {}, updated_at = pg_catalog.now()
  WHERE index_name = $1 AND building = $2)sql",
                                    PhaseSql(kFilling, "true", "true", "reason <> ''"))};
  return kRefuse;
}

// An abort does not change that the mapping needs a reindex; `refused` keeps it from starting again
// by itself.
const pg::Statement& AbortStatement() {
  static const pg::Statement kAbort{
      "reindex_abort", fmt::format(R"sql(
  WITH was AS (
    SELECT index_name, building, building_uuid FROM pgsluice.index_state
    WHERE index_name = $1 AND building IS NOT NULL FOR UPDATE),
  retired AS (
    INSERT INTO pgsluice.retired (name) SELECT building FROM was WHERE building_uuid IS NOT NULL
    ON CONFLICT DO NOTHING)
  UPDATE pgsluice.index_state i
  SET building = NULL, building_uuid = NULL, keep_old = false,
      refused = CASE WHEN reason = '' THEN '' ELSE 'the reindex was aborted; ' || reason END,
      state = {}, updated_at = pg_catalog.now()
  FROM was WHERE i.index_name = was.index_name)sql",
                                   PhaseSql(kFilling, "false", "reason <> ''", "reason <> ''"))};
  return kAbort;
}

const pg::Statement kPutInPlace{"reindex_put_in_place", R"sql(
  WITH was AS (
    SELECT index_name, physical, building, keep_old FROM pgsluice.index_state
    WHERE index_name = $1 AND building = $2 AND building_uuid IS NOT NULL FOR UPDATE),
  retired AS (
    INSERT INTO pgsluice.retired (name, alias_of)
    SELECT physical, NULL FROM was WHERE NOT keep_old
    UNION ALL SELECT $3, building FROM was
    ON CONFLICT DO NOTHING)
  UPDATE pgsluice.index_state i
  SET physical = i.building, uuid = i.building_uuid, building = NULL, building_uuid = NULL,
      keep_old = false, refused = '', reason = '', state = 'live', updated_at = pg_catalog.now()
  FROM was WHERE i.index_name = was.index_name)sql"};

// Checks everything that may have happened to the new index since it was compared.
const pg::Statement kIsReady{"reindex_is_ready", R"sql(
  SELECT building_uuid FROM pgsluice.index_state i
  WHERE index_name = $1 AND physical = $2 AND building = $3 AND building_uuid IS NOT NULL
    AND refused = ''
    AND NOT EXISTS (SELECT FROM pgsluice.backfill b
                    WHERE b.physical = i.building AND b.state = 'pending'))sql"};

// A list of oids as text: "16401,16407".
std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> items;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) items.push_back(item);
  return items;
}

const char* Bool(bool value) { return value ? "true" : "false"; }

}  // namespace

IndexPhase PhaseOf(const PhaseFacts& facts) {
  if (facts.filling) return IndexPhase::kBackfilling;
  if (facts.building && !facts.refused) return IndexPhase::kReindexing;
  if (!facts.refused && !facts.needs) return IndexPhase::kLive;
  return IndexPhase::kReindexNeeded;
}

std::string PhaseSql(const std::string& filling, const std::string& building,
                     const std::string& refused, const std::string& needs) {
  return fmt::format(
      "CASE WHEN {0} THEN 'backfilling' WHEN {1} AND NOT ({2}) THEN 'reindexing' WHEN NOT ({2}) "
      "AND "
      "NOT ({3}) THEN 'live' ELSE 'reindex_needed' END",
      filling, building, refused, needs);
}

IndexRecord IndexRecords::Load(const std::string& name) const {
  const pg::Result rows = session_.Exec(kLoad, {name});
  IndexRecord state;
  if (rows.rows() == 0) return state;
  const auto text = [&](std::size_t column) { return std::string(rows.Text(0, column)); };
  state.physical = text(0);
  state.uuid = text(1);
  state.config_hash = text(2);
  state.mapping = text(3);
  state.relations = Split(text(4));
  state.root_source = text(5);
  state.state = text(6);
  state.reason = text(7);
  state.building = text(8);
  state.building_uuid = text(9);
  state.refused = text(10);
  return state;
}

void IndexRecords::Save(const std::string& name, const IndexRecord& old, IndexRecord& now,
                        bool filling) const {
  now.state =
      Name(PhaseOf({filling, !now.building.empty(), !now.refused.empty(), !now.reason.empty()}));
  if (now == old) return;
  session_.Exec(kSave, {name, now.physical, now.uuid, now.config_hash, now.mapping,
                        fmt::format("{}", fmt::join(now.relations, ",")), now.root_source,
                        now.state, now.reason, now.building, now.building_uuid, now.refused});
}

bool IndexRecords::SetRate(const std::string& name, const std::string& physical,
                           std::int64_t rate) const {
  return session_.Exec(kSetRate, {name, physical, std::to_string(rate)}).affected() > 0;
}

void IndexRecords::Backfilling(const std::string& name) const {
  session_.Exec(kBackfilling, {name});
}

void IndexRecords::KeepRate(const std::string& name, std::int64_t rows, double took_s) const {
  session_.Exec(kKeepRate, {name, std::to_string(rows), std::to_string(took_s)});
}

std::optional<std::pair<std::string, std::string>> IndexRecords::Filled(
    const std::string& physical) const {
  const pg::Result closed = session_.Exec(FilledStatement(), {physical});
  if (closed.rows() == 0) return std::nullopt;
  return std::pair(std::string(closed.Text(0, 0)), std::string(closed.Text(0, 1)));
}

std::int64_t IndexRecords::BackfilledRows(const std::string& name) const {
  return session_.Exec(kBackfilled, {name}).Int(0, 0);
}

void IndexRecords::WalkLater(const std::string& name) const { session_.Exec(kLater, {name}); }

std::vector<std::string> IndexRecords::TakeDueWalks(const std::string& names) const {
  const pg::Result due = session_.Exec(kDue, {names});
  std::vector<std::string> indexes;
  for (std::size_t row = 0; row < due.rows(); ++row) indexes.emplace_back(due.Text(row, 0));
  return indexes;
}

void IndexRecords::RequestReindex(const std::string& name, const std::string& building,
                                  bool keep_old) const {
  session_.Exec(RequestStatement(), {name, building, Bool(keep_old)});
}

void IndexRecords::ContinueReindex(const std::string& name, bool keep_old) const {
  session_.Exec(ContinueStatement(), {name, Bool(keep_old)});
}

void IndexRecords::RefuseReindex(const std::string& name, const std::string& building,
                                 const std::string& reason) const {
  session_.Exec(RefuseStatement(), {name, building, reason});
}

bool IndexRecords::AbortReindex(const std::string& name) const {
  return session_.Exec(AbortStatement(), {name}).affected() > 0;
}

std::optional<std::string> IndexRecords::ReadyToFinish(const std::string& name,
                                                       const std::string& physical,
                                                       const std::string& building) const {
  const pg::Result ready = session_.Exec(kIsReady, {name, physical, building});
  if (ready.rows() == 0) return std::nullopt;
  return std::string(ready.Text(0, 0));
}

void IndexRecords::PutInPlace(const std::string& name, const std::string& building,
                              const std::string& alias) const {
  session_.Exec(kPutInPlace, {name, building, alias});
}

}  // namespace pgsluice::sync
