// Samples the progress of the sync for SchemaWatcher.

#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/schema_watcher.h"
#include "sync/indexes/reindexer.h"

namespace pgsluice::sync {

namespace {

// Indexes that no process has in its configuration.
const pg::Statement kMade{"index_state_names", R"sql(
  SELECT index_name FROM pgsluice.index_state i
  WHERE NOT EXISTS (SELECT FROM pgsluice.definition d WHERE d.index_name = i.index_name))sql"};

}  // namespace

bool SchemaWatcher::InTrouble() const {
  const Monitor& monitor = shared_.monitor;
  return !monitor.TroubleOf("engine").empty() || !monitor.TroubleOf("sync").empty();
}

void SchemaWatcher::RecoveredIdle() {
  shared_.monitor.AllRecovered("sync");
  if (shared_.monitor.TroubleOf("engine").empty()) return;
  if (indexes_.Intact(*shared_.registry.Current())) shared_.monitor.Recovered("engine");
}

void SchemaWatcher::Sample() {
  const outbox::Lag lag = outbox::ReadLag(*session_, shared_.floor.value());
  shared_.monitor.pending.Set(static_cast<double>(lag.pending));
  shared_.monitor.lag_seconds.Set(lag.oldest_age_s);
  if (lag.pending > 0) pulse_.clear();  // Rows may have come after the pulse.
  // The sleeper works only while all workers are idle. One worker that backs off would keep it from
  // waking the others.
  if (writes_ && lag.pending > 0) shared_.work.Signal();
  // Another process may have created tasks, and the backfillers of this one wait for a signal.
  if (writes_) WalkAgain(*session_, *shared_.registry.Current());
  const Waiting waiting = WaitingTasks(*session_, *shared_.registry.Current());
  // The backfillers also finish reindexes and delete old indexes.
  if (writes_ && (waiting.any || AnyToReindex(*session_, *shared_.registry.Current()))) {
    shared_.backfill.Signal();
  }
  if (writes_ && waiting.unknown) wakeup_.Signal();
  if (lag.pending == 0 && !waiting.any) RecoveredIdle();
  SampleIndexes();
}

void SchemaWatcher::SampleIndexes() {
  const std::map<std::string, std::int64_t> dead = outbox::CountDeadLetters(*session_);
  const std::shared_ptr<const IndexSet> set = shared_.registry.Current();
  for (const auto& [name, index] : set->indexes) {
    const auto counted = dead.find(name);
    shared_.monitor.DeadLetters(name).Set(
        counted == dead.end() ? 0 : static_cast<double>(counted->second));
    // All processes report the progress, whichever of them reads the tasks.
    double done = 1;
    if (index->phase == IndexPhase::kBackfilling || index->phase == IndexPhase::kReindexing) {
      done = ProgressOf(*session_, index->targets.back().physical).ratio();
    }
    shared_.monitor.BackfillProgress(name).Set(done);
    shared_.monitor.Unsearchable(name);
    shared_.monitor.ReindexNeeded(name).Set(index->reason.empty() ? 0 : 1);
    shared_.monitor.Begin(name);
  }
  std::map<std::string, std::string> states;
  for (const auto& [name, trouble] : set->troubles) states.emplace(name, Name(trouble.state));
  for (const auto& [name, index] : set->indexes) states.emplace(name, Name(index->phase));
  const pg::Result made = session_->Exec(kMade);
  for (std::size_t row = 0; row < made.rows(); ++row) {
    states.emplace(made.Text(row, 0), Name(IndexPhase::kNotConfigured));
  }
  shared_.monitor.ShowStates(states);
}

}  // namespace pgsluice::sync
