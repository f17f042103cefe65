#include "sync/indexes/reindexer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "pgsluice/json/value.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/pool.h"
#include "pgsluice/sync/advisory_lock.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/consistency.h"
#include "pgsluice/sync/verify.h"
#include "sync/live/divide.h"

namespace pgsluice::sync {

namespace {

// Number of the advisory lock.
constexpr int kFinishLock = 5;
constexpr int kCounts = 20;
constexpr std::size_t kExamples = 5;
constexpr std::size_t kSample = 1000;  // documents
// Longest wait for changes in flight. Under a backlog the reindex is finished later.
constexpr std::chrono::seconds kInFlight{10};

// By then, every search that was sent to the old index before the swap has begun.
const pg::Statement kRetired{"retired", R"sql(
  SELECT name, coalesce(alias_of, '') FROM pgsluice.retired r
  WHERE retired_at < pg_catalog.now() - interval '5 s'
    AND NOT EXISTS (SELECT FROM pgsluice.index_state i WHERE r.name IN (i.physical, i.building)))sql"};

const pg::Statement kForget{"retired_forget", "DELETE FROM pgsluice.retired WHERE name = $1"};

// Keys whose changes are not in the index: those in the outbox, and dead letters.
const pg::Statement kInTheOutbox{"reindex_pending", R"sql(
  SELECT (SELECT coalesce(sum(size), 0) FROM pgsluice.outbox)
         + (SELECT count(*) FROM pgsluice.dead_letter WHERE index_name = $1))sql"};

const pg::Statement kDeadIds{"reindex_dead",
                             "SELECT document_id FROM pgsluice.dead_letter WHERE index_name = $1"};

}  // namespace

bool AnyToReindex(pg::Session& session, const IndexSet& set) {
  for (const auto& [name, index] : set.indexes) {
    if (index->in_force && index->targets.size() > 1 && index->phase == IndexPhase::kReindexing) {
      return true;
    }
  }
  return session.Exec(kRetired).rows() > 0;
}

bool Reindexer::Step(const IndexSet& set) {
  if (!AnyToReindex(session_, set)) {
    shared_.monitor.Recovered("reindex");
    return false;
  }
  const AdvisoryLock lock(session_, kFinishLock, AdvisoryLock::Mode::kTry);
  if (!lock.held()) {
    const std::string stranger = StrangerWith(session_, kLocks, kFinishLock);
    if (!stranger.empty()) {
      shared_.monitor.Trouble(
          "reindex", fmt::format("{} holds pgsluice's lock {}, so no reindex is finished; {}",
                                 stranger, kFinishLock, kEndStranger));
    }
    return false;
  }
  shared_.monitor.Recovered("reindex");
  for (const auto& [name, index] : set.indexes) {
    const bool built =
        index->in_force && index->targets.size() > 1 && index->phase == IndexPhase::kReindexing;
    if (!built || !IndexManager::ReadyToFinish(session_, *index)) continue;
    if (Finish(*index, set.generation)) return true;
  }
  return ClearUp();
}

bool Reindexer::Finish(const LiveIndex& index, int generation) {
  const std::optional<std::string> objection = Objection(index);
  // Differences do not count if the documents got another shape during the comparison.
  if (!objection || outbox::ReadGeneration(session_) != generation) return false;
  if (!objection->empty()) {
    // A TRUNCATE since then creates tasks for the index, so it was compared half-finished.
    if (!InStep() || !IndexManager::ReadyToFinish(session_, index)) return false;
    IndexManager::RefuseReindex(session_, index, *objection);
  } else if (!manager_.FinishReindex(session_, index)) {
    return false;
  }
  shared_.request_check();
  shared_.request_refresh(index.alias, 0);
  return true;
}

bool Reindexer::InStep() {
  pg::Pool pool(shared_.database, 1);
  Consistency consistency(pool, shared_.monitor);
  return consistency.WaitUntilApplied(consistency.Position(), Scope{},
                                      std::chrono::steady_clock::now() + kInFlight);
}

std::optional<std::string> Reindexer::Objection(const LiveIndex& index) {
  const LiveIndex building = index.Only(index.targets[1]);
  std::optional<std::string> objection = CompareCounts(building);
  if (objection && objection->empty()) objection = CompareSample(building);
  return objection;
}

std::int64_t Reindexer::CountRows(const LiveIndex& index) {
  std::int64_t rows = 0;
  ForEachMember(index, [&](const LiveIndex& one) {
    const std::string what = one.plan->row_hash_id ? "DISTINCT key::text" : "*";
    rows +=
        session_
            .ExecParams(
                "SELECT count(" + what + ") FROM (" + one.plan->all_keys_sql + ") AS keys(key)", {})
            .Int(0, 0);
  });
  return rows;
}

std::optional<std::string> Reindexer::CompareCounts(const LiveIndex& building) {
  const auto position = [&] {
    return session_.Exec("SELECT pgsluice.position()::bigint").Int(0, 0);
  };
  std::string objection;
  for (int attempt = 0; attempt < kCounts; ++attempt) {
    // Counting takes a while, and rows change meanwhile. So the rows are counted before and after
    // the documents, and each event in between may account for a difference of one.
    const std::int64_t begin = position();
    if (!InStep()) return std::nullopt;
    const std::int64_t before = CountRows(building);
    shared_.engine.Refresh(building.physical);
    const std::int64_t found = shared_.engine.Count(building.physical);
    const std::int64_t after = CountRows(building);
    // Changes between the two counts, and documents that the engine refuses.
    const std::int64_t slack =
        session_.Exec(kInTheOutbox, {building.plan->name}).Int(0, 0) + position() - begin;
    const auto [least, most] = std::minmax(before, after);
    if (found >= least - slack && found <= most + slack) return "";
    objection = fmt::format("the new index {} has {} documents, but PostgreSQL has {}",
                            building.physical, found, after);
  }
  return objection;
}

std::string Reindexer::CompareSample(const LiveIndex& building) {
  const std::size_t members =
      building.plan->schemas == nullptr ? 1 : building.plan->schemas->members.size();
  const std::size_t of_each = std::max<std::size_t>(1, kSample / std::max<std::size_t>(members, 1));
  std::vector<Difference> found;
  pg::Pool pool(shared_.database, 1);
  Consistency consistency(pool, shared_.monitor);
  Verifier verifier(session_, shared_.engine, consistency);
  VerifyReport report;
  ForEachMember(building, [&](const LiveIndex& one) {
    const pg::Result rows = session_.ExecParams(
        "SELECT key FROM (" + one.plan->all_keys_sql + ") AS keys(key) ORDER BY random() LIMIT $1",
        {std::to_string(of_each)});
    Verifier::Keys keys;
    for (std::size_t row = 0; row < rows.rows(); ++row) keys.emplace_back(rows.Text(row, 0));
    report.compared +=
        verifier.VerifyKeys(one, keys, [&](const Difference& d) { found.push_back(d); }).compared;
  });
  std::set<std::string> dead;
  const pg::Result letters = session_.Exec(kDeadIds, {building.plan->name});
  for (std::size_t row = 0; row < letters.rows(); ++row) dead.emplace(letters.Text(row, 0));
  std::erase_if(found, [&](const Difference& d) { return dead.contains(d.id); });
  if (found.empty()) return {};
  std::string objection =
      fmt::format("{} of {} documents compared differ in the new index {}:", found.size(),
                  report.compared, building.physical);
  for (std::size_t i = 0; i < std::min(found.size(), kExamples); ++i) {
    objection += fmt::format(" {} ({})", found[i].id, found[i].kind);
  }
  return objection;
}

bool Reindexer::ClearUp() {
  const pg::Result retired = session_.Exec(kRetired);
  bool any = false;
  for (std::size_t row = 0; row < retired.rows(); ++row) {
    const std::string name(retired.Text(row, 0));
    if (!Remove(name, std::string(retired.Text(row, 1)))) continue;
    session_.Exec(kForget, {name});
    any = true;
  }
  return any;
}

bool Reindexer::Remove(const std::string& name, const std::string& alias_of) {
  engine::Engine& engine = shared_.engine;
  if (!alias_of.empty()) {
    engine.DeleteAlias(alias_of, name);
    return true;
  }
  const json::Value answer = engine.Get(
      "/" + http::Encode(name) + "/_stats/search?filter_path=_all.total.search.open_contexts");
  if (answer.IsNull()) return true;
  // Open search contexts (scrolls, points in time) still read from the index.
  const json::Value* open = answer.Find({"_all", "total", "search", "open_contexts"});
  if (open == nullptr || open->AsInt().value_or(1) > 0) return false;
  engine.DeleteIndex(name);
  observe::Log(observe::Level::kInfo, "sync", "index deleted", {{"physical", name}});
  return true;
}

}  // namespace pgsluice::sync
