#include "pgsluice/sync/schema_watcher.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

#include "pgsluice/engine/index_body.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/sync/attach.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/looks.h"
#include "pgsluice/sync/unsearchable.h"
#include "sync/indexes/gone_schemas.h"
#include "sync/indexes/members.h"
#include "sync/indexes/reindexer.h"
#include "sync/run_loop.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

constexpr std::chrono::seconds kBetweenLooks{3};
// The identity of the indexes (deleted or replaced by hand) is checked at every fourth check.
constexpr int kLooksPerEngineLook = 4;
constexpr std::uint64_t kNever = ~std::uint64_t{0};

// Everything that a check would find changed or waiting, in one statement, so that an idle process
// asks hardly anything else. The second column: something is waiting, so an unchanged result does
// not mean that nothing is to be done. The third: some process has ended, or no process runs some
// definition. The fourth and fifth: the definitions in force and those that processes run. The
// sixth: the triggers.
const pg::Statement kPulse{"pulse", R"sql(
  SELECT concat_ws(' ', generation,
           (SELECT sum(hashint8extended(hash_record_extended(i, 0), 0))
            FROM pgsluice.index_state i),
           (SELECT sum(hashint8extended(hash_record_extended(t, 0), 0))
            FROM pgsluice.index_trouble t),
           (SELECT concat_ws('/', count(*), max(id)) FROM pgsluice.dead_letter)),
         EXISTS (SELECT FROM pgsluice.outbox WHERE id >= $1::bigint)
           OR EXISTS (SELECT FROM pgsluice.backfill) OR EXISTS (SELECT FROM pgsluice.retired)
           OR EXISTS (SELECT FROM pgsluice.index_state WHERE walk_again IS NOT NULL),
         pgsluice.needs_attention(),
         (SELECT sum(hashint8extended(hash_record_extended(ROW(index_name, config_hash), 0), 0))
          FROM pgsluice.index_state),
         (SELECT sum(hashint8extended(hash_record_extended(ROW(index_name, hash), 1), 0))
          FROM pgsluice.definition),
         ()sql" + std::string(kTriggersSql) +
                                        R"sql()
  FROM pgsluice.state)sql"};

// Ends the backend $1 and returns the session's own one. Process ids are used again, so the time of
// the start is part of it.
const pg::Statement kReplaceBackend{"replace_backend", R"sql(
  WITH backend AS (
    SELECT pid, concat_ws('/', pid, extract(epoch FROM backend_start)) AS name
    FROM pg_catalog.pg_stat_activity)
  SELECT (SELECT name FROM backend WHERE pid = pg_backend_pid()),
         (SELECT count(pg_terminate_backend(pid)) FROM backend WHERE name = $1))sql"};

}  // namespace

SchemaWatcher::SchemaWatcher(const config::Config& config, const Shared& shared, bool writes)
    : config_(config),
      shared_(shared),
      writes_(writes),
      indexes_(config, shared.engine),
      epochs_(shared.engine) {}

void SchemaWatcher::Start() {
  Connect();
  Reload(true);
  try {
    EnsureIndexes(false);
  } catch (const Error& error) {
    if (session_->broken()) throw;
    if (error.disposition() == Disposition::kFatal) {
      std::string urls;
      for (const std::string& url : config_.elasticsearch.urls) {
        urls += (urls.empty() ? "" : ", ") + observe::MaskUrl(url);
      }
      throw Error(Disposition::kFatal, fmt::format("search engine at {}: {}", urls, error.what()),
                  error.hint());
    }
    ReportTrouble(shared_, error, false, this);
  }
}

void SchemaWatcher::Connect() {
  membership_.Reset();
  session_ = OpenSession(shared_, "pgsluice watcher");
  // The server may not know yet that the last connection is lost: then it still holds the lock on
  // the indexes, for which the new one would wait.
  backend_ = session_->Exec(kReplaceBackend, {backend_}).Text(0, 0);
}

void SchemaWatcher::Run(const std::stop_token& stop) {
  const auto turn = [&](Backoff& backoff) {
    const std::uint64_t seen = wakeup_.generation();
    if (!session_) {
      Connect();
      looked_at_ = kNever;  // joins again
    }
    Look();
    backoff.Reset();
    for (const char* part : {"database", "sync"}) shared_.monitor.Recovered(part, this);
    wakeup_.WaitForWork(seen, stop, kBetweenLooks);
  };
  const auto failed = [&](const std::exception& error) {
    const bool lost = !session_ || session_->broken();
    ReportTrouble(shared_, error, lost, this);
    if (lost) session_.reset();
  };
  Persist(stop, Backoff(std::chrono::milliseconds(200), std::chrono::milliseconds(5000)), turn,
          failed);
  Leave();
}

void SchemaWatcher::Leave() {
  if (!session_ || session_->broken()) return;
  try {
    membership_.Leave(*session_);
  } catch (const std::exception& error) {
    Log(Level::kWarn, "sync",
        "other processes will wait a while before they take over: " + std::string(error.what()));
  }
}

void SchemaWatcher::Look() {
  pg::Result pulse = Pulse();
  const bool changed = catalog::Catalog::Fingerprint(*session_) != catalog_.fingerprint() ||
                       (writes_ && pulse.Text(0, 5) != triggers_);
  const bool retry = troubles_.RetryIsDue();
  if (changed || retry) Reload(false);
  const std::uint64_t generation = wakeup_.generation();
  const bool asked = generation != looked_at_;
  const bool engine_due = ++looks_ % kLooksPerEngineLook == 0 || InTrouble();
  const std::shared_ptr<const IndexSet> set = shared_.registry.Current();
  IndexManager::Condition condition;
  if (ready_ && engine_due) {
    condition = indexes_.Inspect(*set);
    blocked_ = condition.blocked;
    ShowUnsearchable(shared_, *set);
  }
  if (ready_) FollowBlocks(BlockedNow());
  const bool broken = !condition.intact;
  const bool unattended = writes_ && pulse.Bool(0, 2);
  if (unattended) {
    Attend(*session_);
    pulse = Pulse();
  }
  const bool waits = pulse.Bool(0, 1) || unattended;
  const bool redefined = pulse.Text(0, 3) != in_force_ || pulse.Text(0, 4) != run_;
  const std::string seen = fmt::format("{} {}", pulse.Text(0, 0), waits);
  const bool rest = seen == pulse_ && !waits;  // what waited before is sampled once more
  if (rest && ready_ && !changed && !retry && !asked && !broken && !redefined && !InTrouble()) {
    return KeepEpoch();
  }
  pulse_ = seen;
  const bool old = outbox::ReadGeneration(*session_) != set->generation;
  const bool news = !writes_ && TroublesOfOthers() != others_;
  const bool others = changed || asked || old || !ready_ || broken || redefined || news;
  if (others || retry) {
    EnsureIndexes(!others);
    looked_at_ = generation;  // not before: a look that failed is repeated
  } else {
    const auto now = shared_.registry.Current();
    auto fresh = IndexManager::WithPhases(*session_, now);
    if (fresh != now) shared_.registry.Replace(std::move(fresh));
  }
  KeepEpoch();
  Sample();
}

pg::Result SchemaWatcher::Pulse() {
  return session_->Exec(kPulse, {std::to_string(shared_.floor.value())});
}

void SchemaWatcher::Reload(bool first) {
  catalog::Catalog fresh = catalog::Catalog::Load(*session_);
  std::vector<plan::Planned> planned = plan::PlanIndexes(config_, fresh, *session_);
  const bool changed = fresh.fingerprint() != catalog_.fingerprint();
  misfits_.clear();
  partly_.clear();
  for (const plan::Planned& one : planned) {
    const bool wrong = std::any_of(one.findings.begin(), one.findings.end(),
                                   [](const config::Finding& finding) { return !finding.warning; });
    if (one.plan == nullptr || wrong) {
      (one.plan == nullptr ? misfits_ : partly_)[one.config.name] = TroubleOf(one.findings);
    }
    for (const config::Finding& finding : one.findings) {
      if (!finding.warning || !changed) continue;
      Log(Level::kWarn, "config", finding.place + ": " + finding.message, {{"hint", finding.hint}});
    }
  }
  if (changed) Looking();
  catalog_ = std::move(fresh);
  planned_ = std::move(planned);
  if (!writes_) return;
  Join();
  triggers_ = Pulse().Text(0, 5);  // before they are looked at
  AttachTables(first);
  // Our own change of the triggers is checked soon. But not again after that, because another
  // process may want other triggers, and the two would alternate forever.
  attached_ = !attached_ && Pulse().Text(0, 5) != triggers_;
  if (attached_) RequestCheck();
}

void SchemaWatcher::Looking() {
  if (writes_) membership_.Looking(*session_);
  const base::MutexLock lock(mutex_);
  known_tables_.clear();
}

void SchemaWatcher::Looked() {
  if (!ready_) return;
  if (writes_) membership_.Looked(*session_, StateOfTables(catalog_.fingerprint(), triggers_));
  const base::MutexLock lock(mutex_);
  known_tables_ = catalog_.fingerprint();
}

bool SchemaWatcher::KnowsTables(const std::string& fingerprint) const {
  const base::MutexLock lock(mutex_);
  return known_tables_ == fingerprint;
}

std::vector<std::shared_ptr<const plan::Plan>> SchemaWatcher::Plans() const {
  std::vector<std::shared_ptr<const plan::Plan>> plans;
  for (const plan::Planned& planned : planned_) {
    if (planned.plan != nullptr) plans.push_back(planned.plan);
  }
  return plans;
}

std::vector<std::string> SchemaWatcher::Names() const {
  std::vector<std::string> names;
  for (const plan::Planned& planned : planned_) names.push_back(planned.config.name);
  return names;
}

void SchemaWatcher::Join() {
  auto plans = Plans();
  std::erase_if(plans, [&](const auto& plan) { return unwritten_.contains(plan->name); });
  membership_.Join(*session_, plans, Names());
}

void SchemaWatcher::JoinWithoutUnwritten(const IndexSet& set) {
  std::set<std::string> unwritten;
  for (const auto& plan : Plans()) {
    const bool written = set.indexes.contains(plan->name);
    if (set.troubles.contains(plan->name) && !written) unwritten.insert(plan->name);
  }
  if (unwritten == unwritten_) return;
  unwritten_ = std::move(unwritten);
  Join();
}

void SchemaWatcher::AttachTables(bool first) {
  // At the start, a lock on one table must not delay the other indexes.
  const auto refused = TryAttach(*session_, Plans(), !first);
  if (refused.empty()) return;
  for (plan::Planned& planned : planned_) {
    if (planned.plan == nullptr) continue;
    const auto plan = planned.plan;
    const bool many = plan->schemas != nullptr;
    for (const plan::Source& source : plan->sources) {
      const auto found = refused.find(source.table);
      if (found == refused.end()) continue;
      (many ? partly_ : misfits_)[plan->name] = {
          IndexPhase::kBroken,
          "not attached, so changes would be missed: " + source.table_name + ": " + found->second,
          "run 'pgsluice attach' as the owner of " + source.table_name};
      if (many) planned.plan = WithoutTables(*plan, refused);
    }
  }
}

void SchemaWatcher::EnsureIndexes(bool retry) {
  auto set = std::make_shared<IndexSet>();
  const std::shared_ptr<const IndexSet> before = shared_.registry.Current();
  if (!writes_) set->generation = outbox::ReadGeneration(*session_);
  {
    std::optional<IndexLock> lock;
    if (writes_) {
      LockWithPresentPlans(lock);
      Join();
      Attend(*session_);
    }
    run_ = Pulse().Text(0, 4);
    if (writes_ && !ready_) {
      for (const auto& lack : engine::AnalysisProblems(config_.indexes, shared_.engine.Detect())) {
        Log(Level::kWarn, "config", lack.place + ": " + lack.message, {{"hint", lack.hint}});
      }
    }
    if (writes_) shared_.engine.Detect();
    refusal_.reset();
    bool taken = false;
    // A retry concerns only indexes in trouble. The others stay as they are unless another process
    // has changed definitions.
    const bool keep = retry && before->generation == outbox::ReadGeneration(*session_);
    for (const plan::Planned& planned : planned_) {
      const std::string& name = planned.config.name;
      const auto known = before->indexes.find(name);
      if (keep && known != before->indexes.end() && !before->troubles.contains(name)) {
        set->indexes.insert(*known);
        taken = true;
      } else {
        taken = EnsureOne(planned, *set) || taken;
      }
    }
    if (refusal_ && !taken) throw engine::IndexRefused(*refusal_);  // the engine takes nothing
    if (writes_) {
      JoinWithoutUnwritten(*set);
      FollowSchemas(*session_, shared_.engine, config_, catalog_, planned_);
      DropVoidTasks(*session_);
      if (epochs_.Keep(*session_, *set)) RequestCheck();  // to fill them
      set->generation = outbox::ReadGeneration(*session_);
    }
    // Sampled before the read, so that the next check sees a change that is made in between.
    in_force_ = Pulse().Text(0, 3);
    const InForce in_force = ReadInForce(*session_);
    Settle(*session_, in_force, *set);
    // A gap was marked during this check, so the next check has to see it as a change.
    const bool gap = std::any_of(set->indexes.begin(), set->indexes.end(), [&](const auto& index) {
      return !in_force.indexes.contains(index.first) && !set->troubles.contains(index.first);
    });
    if (writes_ && gap) in_force_.clear();
  }
  if (!writes_) others_ = TroublesOfOthers();
  set->troubles.insert(others_.begin(), others_.end());
  for (const auto& [name, trouble] : before->troubles) {
    // FollowBlocks() ends this trouble.
    const bool stays = trouble.state == IndexPhase::kBlocked && set->indexes.contains(name);
    if (stays) set->troubles.emplace(name, trouble);
  }
  shared_.monitor.Recovered("engine");
  PutInForce(set);
  // Set after the registry is replaced, so that a reader that sees `ready_` also sees the set.
  ready_ = std::all_of(planned_.begin(), planned_.end(), [&](const plan::Planned& planned) {
    return set->indexes.contains(planned.config.name) ||
           set->troubles.contains(planned.config.name);
  });
  Looked();
  shared_.work.Signal();
  shared_.backfill.Signal();
}

bool SchemaWatcher::EnsureOne(const plan::Planned& planned, IndexSet& set) {
  const std::string& name = planned.config.name;
  bool taken = false;
  if (const auto misfit = misfits_.find(name); misfit != misfits_.end()) {
    set.troubles.insert(*misfit);
  } else {
    taken = EnsurePlanned(planned, set);
    const auto partly = partly_.find(name);
    if (partly != partly_.end() && set.indexes.contains(name)) set.troubles.insert(*partly);
  }
  if (set.indexes.contains(name) || !set.troubles.contains(name)) return taken;
  if (auto served = indexes_.Served(*session_, planned.config)) {
    set.served.emplace(name, std::move(served));
  }
  return taken;
}

std::optional<std::vector<std::uint32_t>> SchemaWatcher::DescendantsOf(
    const plan::Plan& plan) const {
  if (plan.schemas == nullptr) {
    const catalog::Table* root = catalog_.Find(plan.root);
    return root == nullptr ? std::nullopt : std::optional(root->descendants);
  }
  std::vector<std::uint32_t> all;
  for (const plan::Schemas::Member& member : plan.schemas->members) {
    all.insert(all.end(), member.descendants.begin(), member.descendants.end());
  }
  return all;
}

bool SchemaWatcher::EnsurePlanned(const plan::Planned& planned, IndexSet& set) {
  const std::string& name = planned.plan->name;
  const auto descendants = DescendantsOf(*planned.plan);
  try {
    auto live = writes_ && descendants ? indexes_.Ensure(*session_, planned.plan, *descendants)
                                       : indexes_.Remembered(*session_, planned.plan);
    if (!live) return false;
    if (!live->impossible.empty()) {
      set.troubles[name] = TroubleOf(Error(Disposition::kReject, live->impossible));
    }
    set.indexes.emplace(name, std::move(live));
    return true;
  } catch (const engine::CredentialsRefused&) {
    throw;  // concerns all
  } catch (const engine::IndexRefused& error) {
    set.troubles[name] = TroubleOf(error);
    const bool blocked = dynamic_cast<const engine::IndexBlocked*>(&error) != nullptr;
    if (!blocked) refusal_ = error;
    const std::shared_ptr<const IndexSet> before = shared_.registry.Current();
    const auto known = before->indexes.find(name);
    if (known != before->indexes.end()) set.indexes.insert(*known);
    return blocked;
  } catch (const Error& error) {
    const bool concerns_all = session_->broken() || error.disposition() == Disposition::kRetry ||
                              dynamic_cast<const pg::SqlError*>(&error) != nullptr;
    if (concerns_all) throw;
    set.troubles[name] = TroubleOf(error);
    return true;
  }
}

std::map<std::string, IndexTrouble> SchemaWatcher::BlockedNow() const {
  std::map<std::string, IndexTrouble> blocked = blocked_;
  // A short refusal by the engine is not a state of the index.
  for (const auto& [name, cause] : shared_.holds.causes(kBetweenLooks)) {
    blocked.emplace(name, IndexTrouble{IndexPhase::kBlocked, cause.reason, cause.remedy});
  }
  return blocked;
}

void SchemaWatcher::FollowBlocks(const std::map<std::string, IndexTrouble>& blocked) {
  const std::shared_ptr<const IndexSet> now = shared_.registry.Current();
  TroubleMap troubles = now->troubles;
  std::erase_if(troubles, [&](const auto& entry) {
    return entry.second.state == IndexPhase::kBlocked && now->indexes.contains(entry.first);
  });
  for (const auto& [name, trouble] : blocked) troubles.emplace(name, trouble);
  if (troubles == now->troubles) return;
  auto set = std::make_shared<IndexSet>(*now);
  set->troubles = std::move(troubles);
  PutInForce(set);
}

void SchemaWatcher::PutInForce(const std::shared_ptr<const IndexSet>& set) {
  troubles_.Replace(*session_, set->troubles, Names(), writes_);
  shared_.registry.Replace(IndexManager::WithPhases(*session_, set));
}

TroubleMap SchemaWatcher::TroublesOfOthers() {
  TroubleMap troubles = RecordedTroubles(*session_);
  std::erase_if(troubles, [&](const auto& entry) {
    return std::none_of(planned_.begin(), planned_.end(), [&](const plan::Planned& planned) {
      return planned.config.name == entry.first;
    });
  });
  return troubles;
}

void SchemaWatcher::LockWithPresentPlans(std::optional<IndexLock>& lock) {
  lock.emplace(*session_);
  // While we waited for the lock, its holder may have put newer plans in force.
  while (catalog::Catalog::Fingerprint(*session_) != catalog_.fingerprint()) {
    lock.reset();
    Reload(false);
    lock.emplace(*session_);
  }
}

void SchemaWatcher::KeepEpoch() {
  const std::int64_t issued = shared_.monitor.highest_issued();
  if (!writes_ || issued == kept_issued_) return;
  session_->ExecParams("SELECT pgsluice.check_epoch($1)", {std::to_string(issued)});
  kept_issued_ = issued;
}

}  // namespace pgsluice::sync
