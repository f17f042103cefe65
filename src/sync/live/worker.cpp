#include "sync/live/worker.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "pgsluice/json/value.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/observe/trace.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/pg/text_array.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/bulk_writer.h"
#include "pgsluice/sync/definitions.h"
#include "sync/live/document_syncer.h"
#include "sync/live/router.h"
#include "sync/live/synced_keys.h"
#include "sync/live/times.h"
#include "sync/run_loop.h"

namespace pgsluice::sync {

namespace {

// Large enough to fill bodies of a megabyte or more, small enough that a killed worker repeats
// little.
constexpr int kClaimLimit = 2000;
constexpr int kRootKeysPerFetch = 4096;
// A batch with more documents than this has to leave one worker to the other changes.
constexpr std::size_t kManyRoots = 16384;

/// A worker's place among those that may sync a row that very many documents embed.
class FanoutPlace {
 public:
  explicit FanoutPlace(std::counting_semaphore<>& places) : places_(places) {}
  ~FanoutPlace() {
    if (taken_) places_.release();
  }
  FanoutPlace(const FanoutPlace&) = delete;
  FanoutPlace& operator=(const FanoutPlace&) = delete;
  bool Take() {
    taken_ = taken_ || places_.try_acquire();
    return taken_;
  }

 private:
  std::counting_semaphore<>& places_;
  bool taken_ = false;
};

/// Closes the cursor at the end of the scope, also if the engine refuses a write meanwhile.
class Cursor {
 public:
  Cursor(pg::Session& session, std::string name) : session_(session), name_(std::move(name)) {}
  ~Cursor() {
    if (session_.broken()) return;
    try {
      session_.Exec("CLOSE " + name_);
    } catch (const Error& error) {  // The transaction failed, and with it the cursor.
      observe::Log(observe::Level::kDebug, "sync", error.what());
    }
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

 private:
  pg::Session& session_;
  const std::string name_;
};

/// Syncs the roots of a change to an embedded table. Streams them, because one tag may be used by a
/// million documents. Returns false, and leaves the event for later, if there are very many roots
/// and no place is free.
bool SyncRootsOf(pg::Session& session, DocumentSyncer& syncer, const Work& work, SyncedKeys& synced,
                 FanoutPlace& place, const std::function<bool()>& yield_to_refresh) {
  const plan::Plan& plan = *work.route.index->plan;
  const plan::Source& source = plan.sources[work.route.source];
  const std::string keys = JsonArray(work.keys, 0, work.keys.size());
  session.ExecParams("DECLARE roots NO SCROLL CURSOR FOR " + source.to_roots.sql, {keys});
  const Cursor cursor(session, "roots");
  const std::string fetch = "FETCH " + std::to_string(kRootKeysPerFetch) + " FROM roots";
  DocumentSyncer::Stream stream(syncer, *work.route.index);
  DocumentSyncer::Keys roots;
  bool possible = true;
  while (possible) {
    const pg::Result rows = session.Exec(fetch);
    if (rows.rows() == 0) break;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      std::string key(rows.Text(row, 0));
      if (!synced.Has(plan, key)) roots.push_back(std::move(key));
    }
    if (roots.size() < kManyRoots) continue;
    possible = place.Take();
    if (possible) {
      stream.BeforeEachChunk(yield_to_refresh);
      stream.Add(roots, false);
      synced.Add(plan, roots);
    }
    roots.clear();
  }
  stream.Add(roots, true);
  synced.Add(plan, roots);
  return possible;
}

/// Handles the part of a change that takes little time: truncated tables, and keys of the root.
void DoRoots(pg::Session& session, DocumentSyncer& syncer, const Work& work, SyncedKeys& synced) {
  const LiveIndex& index = *work.route.index;
  const plan::Source& source = index.plan->sources[work.route.source];
  const bool root = source.table == index.plan->root;
  if (work.truncated) RequireCurrent(session, index);
  // After a TRUNCATE of an embedded table any root may have changed; of the root itself, rows are
  // gone. If several rows share a key, another one of them may take over the id of a deleted one.
  // The first and last case need a scan, otherwise a walk over the ids is enough.
  if (work.truncated && (!source.to_roots.sql.empty() || index.plan->several_ids)) {
    CreateScan(session, index, true, work.position);
  } else if (work.truncated && root) {
    CreateWalk(session, index, work.position);
  }
  if (!root || work.keys.empty()) return;
  syncer.Sync(index, work.keys);
  synced.Add(*index.plan, work.keys);
}

bool IsEmbedded(const Work& work) {
  const plan::Plan& plan = *work.route.index->plan;
  return !work.keys.empty() && !plan.sources[work.route.source].to_roots.sql.empty();
}

const pg::Statement kExistingSources{"existing_sources",
                                     "SELECT id FROM pgsluice.source WHERE id = ANY ($1::int[])"};

double AgeSeconds(const outbox::Event& event) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  return static_cast<double>(now - event.captured_at_us) / 1e6;
}

// The pause while every place is taken and there is nothing else to do.
constexpr Next kUntilPlace{std::chrono::milliseconds(20), false};

// If there were events at each of the last batches, wait a little so that more of them gather. The
// more changes share a request, the less each costs the engine and the database (bench/README.md).
constexpr int kStream = 3;
constexpr std::chrono::milliseconds kPerBatchOfStream{20};

class Worker {
 public:
  Worker(const Shared& shared, pg::Session& session, BulkWriter& writer)
      : shared_(shared),
        session_(session),
        outbox_(session),
        floors_(session),
        syncer_(session, outbox_, writer, shared.holds),
        times_(session, outbox_) {}

  Next Step() {
    try {
      const Next next = Batch();
      floors_.Advance();
      return next;
    } catch (const TreeChanged& changed) {
      MarkReplaced(session_, changed.plans);
      HoldStale(changed);
      shared_.request_check();
      return kUntilLooked;
    }
  }

 private:
  /// Thrown if the names in these plans' statements meant other tables or columns when they were
  /// read. The events stay in the outbox.
  struct TreeChanged {
    std::shared_ptr<const IndexSet> set;  ///< Owns the plans.
    std::vector<Work> works;              ///< Owns the plans of members.
    std::set<const plan::Plan*> plans;
  };

  /// Holds indexes whose plans are still stale although the watcher has checked them since the last
  /// time. It may have kept the plan because the engine refuses what the change needs, for
  /// instance. The other indexes continue.
  void HoldStale(const TreeChanged& changed) {
    for (const plan::Plan* plan : changed.plans) {
      if (NamesHold(session_, {plan})) continue;
      const auto known = stale_ == nullptr ? nullptr : PlanOf(*stale_, plan->name);
      if (known == nullptr || known != PlanOf(*changed.set, plan->name)) continue;
      shared_.holds.Refused(
          plan->name,
          engine::IndexRefused("its tables were changed, and the index cannot follow yet",
                               "'pgsluice status' shows what is wrong with it"));
    }
    stale_ = changed.set;
  }
  static const plan::Plan* PlanOf(const IndexSet& set, const std::string& name) {
    const auto found = set.indexes.find(name);
    return found == set.indexes.end() ? nullptr : found->second->plan.get();
  }

  Next Batch() {
    // One set for the whole batch. The claim checks in the database that it is still the present
    // one, because another process may have changed it.
    const std::shared_ptr<const IndexSet> set = shared_.registry.Current();
    FanoutPlace place(shared_.fanouts);
    if (!left_.empty() && place.Take()) left_.clear();
    const auto start = std::chrono::steady_clock::now();
    // The locks of the claim last until the commit. If anything below throws, the rollback frees
    // the events, and they are claimed again.
    pg::Transaction transaction(session_);
    held_ = shared_.holds.held();
    refused_.clear();
    kept_.clear();
    const auto events = Claim(*set);
    if (!events) {
      shared_.request_check();
      return kUntilLooked;
    }
    if (events->empty()) {
      in_a_row_ = 0;
      if (!left_.empty()) return kUntilPlace;
      const auto next = shared_.holds.UntilNext();
      return next ? Next{*next, true} : kUntilCalled;
    }
    observe::Span span(observe::SpanKind::kConsumer, "sync batch");
    span.Since(start);
    span.Set("pgsluice.events", static_cast<std::int64_t>(events->size()));
    observe::Span(observe::SpanKind::kClient, "claim").Since(start);
    const std::vector<Work> works = RouteEvents(*set, *events, GoneSources(*set, *events));
    // Changed roots come first. Then `synced` spares those that also embed a changed row.
    SyncedKeys synced(works.size());
    for (const Work& work : works) {
      Try(work, [&] { DoRoots(session_, syncer_, work, synced); });
    }
    for (const Work& work : works) {
      if (!IsEmbedded(work)) continue;
      Try(work, [&] {
        if (SyncRootsOf(session_, syncer_, work, synced, place, shared_.yield_to_refresh)) return;
        left_.insert(work.event_source);
      });
    }
    const bool soon = KeepTimes(works);
    std::set<const plan::Plan*> plans;
    for (const Work& work : works) {
      const plan::Plan* plan = work.route.index->plan.get();
      if (!refused_.contains(plan->name))
        plans.insert(plan);  // Nothing is acknowledged for the others.
    }
    // Checked after the reads and before the commit: the locks of the reads keep the names from
    // changing in between.
    if (!plans.empty() && !NamesHold(session_, plans)) throw TreeChanged{set, works, plans};
    const bool full = Acknowledge(*set, *events);
    transaction.Commit();
    syncer_.Committed();
    if (soon) shared_.times.Signal();
    RecordMetrics(*events, works, full);
    shared_.floor.Advance(session_);
    ++in_a_row_;
    // A full batch means a backlog, for which waiting would only cost time.
    if (full || in_a_row_ < kStream) return kAgain;
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(
        start + kPerBatchOfStream - std::chrono::steady_clock::now());
    return {std::max(rest, std::chrono::milliseconds(0)), false};
  }

  std::optional<std::vector<outbox::Event>> Claim(const IndexSet& set) {
    outbox::Interest interest = InterestNow(set, held_);
    interest.leave.insert(left_.begin(), left_.end());
    const auto from = floors_.From(shared_.floor.value(), set.generation, interest);
    return outbox_.Claim(kClaimLimit, from, set.generation, interest);
  }

  /// Returns sources of events that do not exist any longer, because their table was dropped or
  /// detached. No index needs these events. A source always becomes visible before its events.
  std::set<int> GoneSources(const IndexSet& set, const std::vector<outbox::Event>& events) {
    std::set<int> unknown;
    for (const outbox::Event& event : events) {
      if (!set.sources.contains(event.source)) unknown.insert(event.source);
    }
    if (unknown.empty()) return unknown;
    shared_.request_check();
    const pg::Result rows =
        session_.Exec(kExistingSources,
                      {pg::TextArray(std::vector<std::int64_t>(unknown.begin(), unknown.end()))});
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      unknown.erase(static_cast<int>(rows.Int(row, 0)));
    }
    return unknown;
  }

  /// Does a part of a batch. If the engine refuses it, or has done so lately, the events are kept
  /// for this index, and the other indexes continue.
  void Try(const Work& work, const std::function<void()>& part) {
    const std::string& index = work.route.index->plan->name;
    const bool held = std::find(held_.begin(), held_.end(), index) != held_.end();
    if (held || refused_.contains(index)) {
      refused_.insert(index);
      return;
    }
    try {
      part();
    } catch (const engine::IndexRefused& refused) {
      if (dynamic_cast<const IndexMissing*>(&refused) != nullptr) shared_.request_check();
      shared_.holds.Refused(index, refused);
      refused_.insert(index);
    }
  }

  /// Saves when the documents of changed rows change by themselves. Runs after the writes, so that
  /// rows of pgsluice.refresh_time are not locked while the engine works. A change that commits
  /// between the two has its own event.
  bool KeepTimes(const std::vector<Work>& works) {
    bool soon = false;
    for (const Work& work : works) {
      const plan::Plan& plan = *work.route.index->plan;
      const bool root = plan.sources[work.route.source].table == plan.root;
      if (!root || refused_.contains(plan.name)) continue;
      soon = times_.Keep(*work.route.index, work.keys) || soon;
    }
    return soon;
  }

  bool IsDone(const outbox::Event& event) const {
    return !left_.contains(event.source) && !kept_.contains(event.id);
  }

  /// Acknowledges the finished events, and keeps those that other indexes still need. Returns
  /// whether the batch was as large as possible, so that more events are probably waiting.
  bool Acknowledge(const IndexSet& set, const std::vector<outbox::Event>& events) {
    std::vector<std::int64_t> ids;
    std::map<std::vector<std::string>, std::vector<std::int64_t>> kept;
    std::size_t rows = 0, key_bytes = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
      key_bytes += events[i].key.size();
      // The events of an outbox row share its id, and the row is acknowledged as a whole.
      if (i > 0 && events[i].id == events[i - 1].id) continue;
      ++rows;
      if (!IsDone(events[i])) continue;
      std::vector<std::string> others = OthersOf(set, events[i], refused_);
      if (!refused_.empty() && others != OthersOf(set, events[i])) kept_.insert(events[i].id);
      (others.empty() ? ids : kept[std::move(others)]).push_back(events[i].id);
    }
    outbox_.Ack(ids);
    for (const auto& [others, rows_of_others] : kept) outbox_.KeepFor(rows_of_others, others);
    return rows >= static_cast<std::size_t>(kClaimLimit) || key_bytes >= outbox::kClaimBytes / 2;
  }

  void RecordMetrics(const std::vector<outbox::Event>& events, const std::vector<Work>& works,
                     bool full) {
    shared_.monitor.acknowledged.Signal();
    for (const outbox::Event& event : events) {
      if (!IsDone(event)) continue;
      shared_.monitor.claimed.Add(1);
      shared_.monitor.end_to_end_seconds.Observe(AgeSeconds(event));
    }
    shared_.monitor.Recovered("engine");
    std::map<std::string, std::size_t> changes;
    for (const Work& work : works) {
      if (work.truncated) shared_.backfill.Signal();
      for (const Target& target : work.route.index->targets) {
        changes[target.name] += work.keys.size();
      }
    }
    // Under a backlog, refreshes would slow the next batches down. The last batch requests them.
    if (full) return;
    for (const auto& [alias, count] : changes) shared_.request_refresh(alias, count);
  }

  const Shared& shared_;
  pg::Session& session_;
  outbox::Outbox outbox_;
  outbox::Floors floors_;
  DocumentSyncer syncer_;
  Times times_;
  /// Sources whose events wait for a place, because very many documents embed their rows.
  std::set<int> left_;
  std::vector<std::string> held_;  ///< Indexes that this batch leaves alone.
  std::set<std::string> refused_;  ///< Indexes for which the engine refused a part of this batch.
  std::set<std::int64_t> kept_;    ///< Outbox rows of this batch that are kept for those.
  std::shared_ptr<const IndexSet> stale_;  ///< The last set whose tables were found changed.
  int in_a_row_ = 0;                       ///< Batches since the outbox was last empty.
};

}  // namespace

void RunWorker(const Shared& shared, const std::stop_token& stop) {
  BulkWriter writer(shared.engine, shared.bulk_bytes, shared.monitor);
  RunLoop(shared, "pgsluice sync", shared.work, stop, [&](pg::Session& session) -> Step {
    auto worker = std::make_shared<Worker>(shared, session, writer);
    return [worker] { return worker->Step(); };
  });
}

}  // namespace pgsluice::sync
