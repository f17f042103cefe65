#include "pgsluice/sync/keeper.h"

#include <spdlog/fmt/fmt.h>

#include <optional>

#include "pgsluice/engine/index_body.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/sync/attach.h"
#include "pgsluice/sync/jobs.h"
#include "sync/reindexer.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

constexpr std::chrono::seconds kBetweenLooks{3};
// A look at the indexes' identity (deleted or replaced by hand) every so many looks.
constexpr int kLooksPerEngineLook = 4;
constexpr std::uint64_t kNever = ~std::uint64_t{0};

// Everything that a look would find changed or waiting, in one statement: an idle process asks
// hardly more. The second column: something waits, so that the same result is no reason to rest.
// The third: some process is gone, or some definition is run by nobody. The fourth and the fifth:
// the definitions in force and those that processes run. The sixth: the triggers.
const pg::Statement kPulse{"pulse", R"sql(
  SELECT concat_ws(' ', generation,
           (SELECT sum(hash_record_extended(i, 0)) FROM pgsluice.index_state i),
           (SELECT concat_ws('/', count(*), max(id)) FROM pgsluice.dead_letter)),
         EXISTS (SELECT FROM pgsluice.outbox WHERE id >= $1::bigint)
           OR EXISTS (SELECT FROM pgsluice.backfill) OR EXISTS (SELECT FROM pgsluice.retired)
           OR EXISTS (SELECT FROM pgsluice.index_state WHERE walk_again IS NOT NULL),
         pgsluice.needs_attention(),
         (SELECT sum(hash_record_extended(ROW(index_name, config_hash), 0))
          FROM pgsluice.index_state),
         (SELECT sum(hash_record_extended(ROW(index_name, hash), 1)) FROM pgsluice.definition),
         (SELECT sum(hash_record_extended(ROW(tgrelid, tgname, tgenabled, t.xmin::text), 2))
          FROM pg_catalog.pg_trigger t WHERE tgname LIKE 'pgsluice\_%')
  FROM pgsluice.state)sql"};

}  // namespace

Keeper::Keeper(const config::Config& config, const Shared& shared, bool writes)
    : config_(config),
      shared_(shared),
      writes_(writes),
      indexes_(config, shared.engine),
      epochs_(shared.engine) {}

void Keeper::Start() {
  Connect();
  Reload(true);
  try {
    EnsureIndexes();
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
    shared_.monitor.Trouble("engine", error.Full());
  }
}

void Keeper::Connect() {
  membership_.Reset();
  session_ = OpenSession(shared_, "pgsluice keeper");
}

void Keeper::Run(const std::stop_token& stop) {
  Backoff backoff(std::chrono::milliseconds(200), std::chrono::milliseconds(5000));
  while (!stop.stop_requested()) {
    const std::uint64_t seen = wakeup_.generation();
    try {
      if (!session_) {
        Connect();
        looked_at_ = kNever;  // joins again
      }
      Look();
      backoff.Reset();
      wakeup_.WaitForWork(seen, stop, kBetweenLooks);
      continue;
    } catch (const Error& error) {
      const bool lost = !session_ || session_->broken();
      shared_.monitor.Trouble(PartOf(error, lost), error.Full());
      if (lost) session_.reset();
    } catch (const std::exception& error) {
      shared_.monitor.Trouble("sync", error.what());
    }
    SleepUnlessStopped(backoff.Next(), stop);
  }
  Leave();
}

void Keeper::Leave() {
  if (!session_ || session_->broken()) return;
  try {
    membership_.Leave(*session_);
  } catch (const std::exception& error) {
    Log(Level::kWarn, "sync",
        "other processes will wait a while before they take over: " + std::string(error.what()));
  }
}

void Keeper::Look() {
  pg::Result pulse = Pulse();
  const bool changed = catalog::Catalog::Fingerprint(*session_) != catalog_.fingerprint() ||
                       (writes_ && pulse.Text(0, 5) != triggers_);
  if (changed) Reload(false);
  const std::uint64_t generation = wakeup_.generation();
  const bool asked = generation != looked_at_;
  const bool engine_due = ++looks_ % kLooksPerEngineLook == 0;
  const std::shared_ptr<const IndexSet> set = shared_.registry.Get();
  const bool broken = ready_ && engine_due && !indexes_.Intact(*set);
  const bool unattended = writes_ && pulse.Bool(0, 2);
  if (unattended) {
    Attend(*session_);
    pulse = Pulse();
  }
  const bool waits = pulse.Bool(0, 1) || unattended;
  const bool redefined = pulse.Text(0, 3) != in_force_ || pulse.Text(0, 4) != run_;
  const std::string seen = fmt::format("{} {}", pulse.Text(0, 0), waits);
  const bool rest = seen == pulse_ && !waits;  // what waited before is sampled once more
  if (rest && ready_ && !changed && !asked && !broken && !redefined && !InTrouble()) {
    return KeepEpoch();
  }
  pulse_ = seen;
  const bool old = outbox::ReadGeneration(*session_) != set->generation;
  if (changed || asked || old || !ready_ || broken || redefined) {
    EnsureIndexes();
    looked_at_ = generation;  // not before: a look that failed is repeated
  } else if (auto fresh = IndexKeeper::WithPhases(*session_, set); fresh != set) {
    shared_.registry.Replace(std::move(fresh));
  }
  KeepEpoch();
  Sample();
}

pg::Result Keeper::Pulse() {
  return session_->Exec(kPulse, {std::to_string(shared_.floor.value())});
}

void Keeper::Reload(bool first) {
  catalog::Catalog fresh = catalog::Catalog::Load(*session_);
  config::Problems problems;
  auto plans = document::BuildPlans(config_, fresh, *session_, problems);
  std::erase_if(problems, [](const config::Problem& p) {
    if (p.warning) Log(Level::kWarn, "config", p.place + ": " + p.message, {{"hint", p.hint}});
    return p.warning;
  });
  if (first && !problems.empty()) throw ConfigError(problems);
  for (const config::Problem& problem : problems) {
    Log(Level::kError, "config", problem.place + ": " + problem.message, {{"hint", problem.hint}});
  }
  catalog_ = std::move(fresh);
  plans_ = std::move(plans);
  if (!writes_) return;
  Join();
  triggers_ = Pulse().Text(0, 5);  // before they are looked at
  Attach(*session_, plans_, first ? AttachMode::kCheck : AttachMode::kTry);
}

void Keeper::Join() {
  std::vector<std::string> names;
  for (const config::Index& index : config_.indexes) names.push_back(index.name);
  membership_.Join(*session_, plans_, names);
}

void Keeper::EnsureIndexes() {
  auto set = std::make_shared<IndexSet>();
  if (!writes_) set->generation = outbox::ReadGeneration(*session_);
  {
    std::optional<IndexLock> lock;
    if (writes_) {
      LockWithPresentPlans(lock);
      Join();
      Attend(*session_);
    }
    run_ = Pulse().Text(0, 4);
    // All names before the first index is made: a refusal leaves nothing half done.
    if (writes_ && !ready_) {
      for (const auto& lack : engine::AnalysisProblems(config_.indexes, shared_.engine.Detect())) {
        Log(Level::kWarn, "config", lack.place + ": " + lack.message, {{"hint", lack.hint}});
      }
      for (const auto& plan : plans_) indexes_.CheckName(*plan);
    }
    for (const auto& plan : plans_) {
      const catalog::Table* root = catalog_.Find(plan->root);
      auto live = writes_ && root != nullptr ? indexes_.Ensure(*session_, plan, *root)
                                             : indexes_.Remembered(*session_, plan);
      if (live) set->indexes.emplace(plan->name, std::move(live));
    }
    if (writes_) {
      DropVoidJobs(*session_);
      if (epochs_.Keep(*session_, *set)) LookAgain();  // to fill them
      set->generation = outbox::ReadGeneration(*session_);
    }
    in_force_ =
        Pulse().Text(0, 3);  // before it is read: a change behind it is seen by the next look
    Settle(*session_, ReadInForce(*session_), *set);
  }
  shared_.registry.Replace(IndexKeeper::WithPhases(*session_, set));
  shared_.monitor.Recovered("engine");
  ready_ = set->indexes.size() == plans_.size();
  shared_.work.Signal();
  shared_.backfill.Signal();
}

void Keeper::LockWithPresentPlans(std::optional<IndexLock>& lock) {
  lock.emplace(*session_);
  // While we waited for the lock, its holder may have put newer plans in force.
  while (catalog::Catalog::Fingerprint(*session_) != catalog_.fingerprint()) {
    lock.reset();
    Reload(false);
    lock.emplace(*session_);
  }
}

void Keeper::KeepEpoch() {
  const std::int64_t issued = shared_.monitor.highest_issued();
  if (!writes_ || issued == kept_issued_) return;
  session_->ExecParams("SELECT pgsluice.check_epoch($1)", {std::to_string(issued)});
  kept_issued_ = issued;
}

bool Keeper::InTrouble() const {
  const Monitor& monitor = shared_.monitor;
  return !monitor.TroubleOf("engine").empty() || !monitor.TroubleOf("sync").empty();
}

void Keeper::RecoveredIdle() {
  shared_.monitor.Recovered("sync");
  if (shared_.monitor.TroubleOf("engine").empty()) return;
  if (indexes_.Intact(*shared_.registry.Get())) shared_.monitor.Recovered("engine");
}

void Keeper::Sample() {
  const outbox::Lag lag = outbox::ReadLag(*session_, shared_.floor.value());
  shared_.monitor.pending.Set(static_cast<double>(lag.pending));
  shared_.monitor.lag_seconds.Set(lag.oldest_age_s);
  if (lag.pending > 0) pulse_.clear();  // it may have come after the pulse: once more
  // The sleeper speaks up only when all workers are idle: one that backs off must not keep the
  // others from work.
  if (writes_ && lag.pending > 0) shared_.work.Signal();
  // Pieces that another process created: this one's backfillers wait for a signal.
  if (writes_) WalkAgain(*session_, *shared_.registry.Get());
  const Waiting waiting = WaitingJobs(*session_, *shared_.registry.Get());
  // The backfillers finish reindexes as well, and clear up behind them.
  if (writes_ && (waiting.any || AnyToReindex(*session_, *shared_.registry.Get()))) {
    shared_.backfill.Signal();
  }
  if (writes_ && waiting.unknown) wakeup_.Signal();
  if (lag.pending == 0 && !waiting.any) RecoveredIdle();
  SampleIndexes();
}

void Keeper::SampleIndexes() {
  const std::map<std::string, std::int64_t> dead = outbox::CountDeadLetters(*session_);
  const std::shared_ptr<const IndexSet> set = shared_.registry.Get();
  for (const auto& [name, index] : set->indexes) {
    const auto counted = dead.find(name);
    shared_.monitor.DeadLetters(name).Set(
        counted == dead.end() ? 0 : static_cast<double>(counted->second));
    // Whichever process reads the pieces, all tell how far that is.
    double done = 1;
    if (index->phase == IndexPhase::kBackfilling || index->phase == IndexPhase::kReindexing) {
      done = ProgressOf(*session_, index->targets.back().physical).ratio();
    }
    shared_.monitor.BackfillProgress(name).Set(done);
    shared_.monitor.ReindexNeeded(name).Set(index->reason.empty() ? 0 : 1);
    shared_.monitor.Begin(name);
  }
}

}  // namespace pgsluice::sync
