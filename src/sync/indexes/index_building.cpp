// The part of IndexManager that manages the next index during a reindex.

#include <spdlog/fmt/fmt.h>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "sync/indexes/index_record.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

const pg::Statement kRequest{"reindex_request", R"sql(
  UPDATE pgsluice.index_state
  SET building = $2, building_uuid = NULL, refused = '', keep_old = $3::boolean,
      state = CASE WHEN state = 'backfilling' THEN state ELSE 'reindexing' END,
      updated_at = pg_catalog.now()
  WHERE index_name = $1)sql"};

const pg::Statement kGoOn{"reindex_go_on", R"sql(
  UPDATE pgsluice.index_state
  SET refused = '', keep_old = $2::boolean,
      state = CASE WHEN state = 'backfilling' THEN state ELSE 'reindexing' END
  WHERE index_name = $1)sql"};

const pg::Statement kRefuse{"reindex_refuse", R"sql(
  UPDATE pgsluice.index_state
  SET refused = $3, state = CASE WHEN state = 'backfilling' THEN state ELSE 'reindex_needed' END,
      updated_at = pg_catalog.now()
  WHERE index_name = $1 AND building = $2)sql"};

// An abort does not change that the mapping needs a reindex; `refused` keeps it from starting again
// by itself.
const pg::Statement kAbort{"reindex_abort", R"sql(
  WITH was AS (
    SELECT index_name, building, building_uuid FROM pgsluice.index_state
    WHERE index_name = $1 AND building IS NOT NULL FOR UPDATE),
  retired AS (
    INSERT INTO pgsluice.retired (name) SELECT building FROM was WHERE building_uuid IS NOT NULL
    ON CONFLICT DO NOTHING)
  UPDATE pgsluice.index_state i
  SET building = NULL, building_uuid = NULL, keep_old = false,
      refused = CASE WHEN reason = '' THEN '' ELSE 'the reindex was aborted; ' || reason END,
      state = CASE WHEN state = 'backfilling' THEN state
                   WHEN reason = '' THEN 'live' ELSE 'reindex_needed' END,
      updated_at = pg_catalog.now()
  FROM was WHERE i.index_name = was.index_name)sql"};

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

}  // namespace

bool IndexManager::IsInPlace(const Record& state, const std::vector<std::string>& targets) {
  return !state.building_uuid.empty() && targets == std::vector{state.building} &&
         Uuid(state.building) == state.building_uuid;
}

void IndexManager::PutInPlace(pg::Session& session, const std::string& name,
                              const std::string& building) {
  pg::Transaction transaction(session);
  session.Exec(kPutInPlace, {name, building, BuildingAlias(building)});
  RaiseGeneration(session);
  // The new index may accept what the old one refused.
  outbox::RetryDeadLettersOf(session, name);
  transaction.Commit();
  Log(Level::kInfo, "sync", "reindex finished", {{"index", name}, {"physical", building}});
}

void IndexManager::ReindexByItself(const plan::Plan& plan, Record& now) {
  if (!config_.sync.reindex_on_incompatible_change || now.reason.empty()) return;
  if (!now.building.empty() || !now.refused.empty()) return;
  now.building = NextName(AliasOf(plan), now.physical);
}

void IndexManager::MakeBuilding(const plan::Plan& plan, const Record& old, Record& now) {
  if (now.building.empty()) return;
  const bool there = !old.building_uuid.empty() && Uuid(old.building) == old.building_uuid;
  if (there && (now.mapping == old.mapping || Fit(plan, old.building).empty())) return;
  if (!old.building_uuid.empty()) now.refused.clear();  // it was about the previous one
  // Left by a process that was killed before it could record the index, or no longer usable.
  if (engine_.IndexExists(now.building)) {
    CheckOwner(AliasOf(plan), now.building);
    engine_.DeleteIndex(now.building);
  }
  const std::string body =
      engine::IndexBody(plan, config_, engine_.Detect(), BuildingAlias(now.building));
  try {
    engine_.CreateIndex(now.building, body);
    now.building_uuid = Uuid(now.building);
  } catch (const Error& error) {
    if (error.disposition() != Disposition::kReject) throw;
    now.refused = "the engine refuses the new index: " + std::string(error.what());
    now.building.clear();
    now.building_uuid.clear();
    Log(Level::kError, "sync", "reindex refused", {{"index", plan.name}, {"reason", now.refused}});
  }
}

std::string IndexManager::RequestReindex(pg::Session& session, const LiveIndex& index,
                                         bool keep_old) {
  const IndexLock lock(session);
  const std::string& name = index.plan->name;
  const Record state = Load(session, name);
  const std::string keep = keep_old ? "true" : "false";
  if (!state.building.empty()) {
    session.Exec(kGoOn, {name, keep});
    return state.building;
  }
  const std::string next = NextName(index.alias, state.physical);
  session.Exec(kRequest, {name, next, keep});
  return next;
}

bool IndexManager::AbortReindex(pg::Session& session, const std::string& name) {
  const IndexLock lock(session);
  pg::Transaction transaction(session);
  const bool any = session.Exec(kAbort, {name}).affected() > 0;
  if (any) RaiseGeneration(session);
  transaction.Commit();
  return any;
}

void IndexManager::RefuseReindex(pg::Session& session, const LiveIndex& index,
                                 const std::string& reason) {
  const IndexLock lock(session);
  session.Exec(kRefuse, {index.plan->name, index.targets.at(1).physical, reason});
  Log(Level::kError, "sync", "reindex refused", {{"index", index.plan->name}, {"reason", reason}});
}

bool IndexManager::ReadyToFinish(pg::Session& session, const LiveIndex& index) {
  const std::string& building = index.targets.at(1).physical;
  return session.Exec(kIsReady, {index.plan->name, index.physical, building}).rows() > 0;
}

bool IndexManager::FinishReindex(pg::Session& session, const LiveIndex& index) {
  const std::string& building = index.targets.at(1).physical;
  const IndexLock lock(session);
  const pg::Result ready = session.Exec(kIsReady, {index.plan->name, index.physical, building});
  if (ready.rows() == 0 || Uuid(building) != ready.Text(0, 0)) return false;  // e.g. TRUNCATE
  // A search must find in the new index whatever it found in the old one.
  engine_.Refresh(building);
  engine_.SwapAlias(index.alias, {index.physical}, building);
  PutInPlace(session, index.plan->name, building);
  return true;
}

}  // namespace pgsluice::sync
