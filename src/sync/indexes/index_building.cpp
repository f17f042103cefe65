// The part of IndexManager that manages the next index during a reindex.

#include <spdlog/fmt/fmt.h>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/index_manager.h"
#include "sync/indexes/index_records.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

}  // namespace

bool IndexManager::IsInPlace(const Record& state, const std::vector<std::string>& targets) {
  return !state.building_uuid.empty() && targets == std::vector{state.building} &&
         Uuid(state.building) == state.building_uuid;
}

void IndexManager::PutInPlace(pg::Session& session, const std::string& name,
                              const std::string& building) {
  pg::Transaction transaction(session);
  IndexRecords(session).PutInPlace(name, building, BuildingAlias(building));
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
  const IndexRecords records(session);
  const Record state = records.Load(name);
  if (!state.building.empty()) {
    records.ContinueReindex(name, keep_old);
    return state.building;
  }
  const std::string next = NextName(index.alias, state.physical);
  records.RequestReindex(name, next, keep_old);
  return next;
}

bool IndexManager::AbortReindex(pg::Session& session, const std::string& name) {
  const IndexLock lock(session);
  pg::Transaction transaction(session);
  const bool any = IndexRecords(session).AbortReindex(name);
  if (any) RaiseGeneration(session);
  transaction.Commit();
  return any;
}

void IndexManager::RefuseReindex(pg::Session& session, const LiveIndex& index,
                                 const std::string& reason) {
  const IndexLock lock(session);
  IndexRecords(session).RefuseReindex(index.plan->name, index.targets.at(1).physical, reason);
  Log(Level::kError, "sync", "reindex refused", {{"index", index.plan->name}, {"reason", reason}});
}

bool IndexManager::ReadyToFinish(pg::Session& session, const LiveIndex& index) {
  const std::string& building = index.targets.at(1).physical;
  return IndexRecords(session)
      .ReadyToFinish(index.plan->name, index.physical, building)
      .has_value();
}

bool IndexManager::FinishReindex(pg::Session& session, const LiveIndex& index) {
  const std::string& building = index.targets.at(1).physical;
  const IndexLock lock(session);
  const auto ready =
      IndexRecords(session).ReadyToFinish(index.plan->name, index.physical, building);
  if (!ready || Uuid(building) != *ready) return false;  // e.g. TRUNCATE
  // A search must find in the new index whatever it found in the old one.
  engine_.Refresh(building);
  engine_.SwapAlias(index.alias, {index.physical}, building);
  PutInPlace(session, index.plan->name, building);
  return true;
}

}  // namespace pgsluice::sync
