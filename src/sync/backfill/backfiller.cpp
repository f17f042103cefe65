#include "sync/backfill/backfiller.h"

#include <algorithm>
#include <memory>

#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/observe/trace.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/sync/backfill_tasks.h"
#include "pgsluice/sync/bulk_writer.h"
#include "pgsluice/sync/definitions.h"
#include "sync/indexes/reindexer.h"
#include "sync/live/divide.h"
#include "sync/live/document_syncer.h"
#include "sync/live/missing_documents.h"
#include "sync/live/times.h"
#include "sync/run_loop.h"

namespace pgsluice::sync {

namespace {

constexpr std::int64_t kIdsPerPage = 1000, kKeysPerFetch = 4096;
// Bytes of documents per snapshot. They are written within a second or two, so that no write is
// based on an old snapshot.
constexpr std::size_t kBytesPerSnapshot = 8U << 20U;
// The longest part of a task per transaction. A killed process, or a failed bulk request, repeats
// no more than this.
constexpr std::chrono::milliseconds kPortion{1000};
// The pause while a transaction of an older generation is still running.
constexpr std::chrono::milliseconds kBetweenLooks{50};

using Clock = std::chrono::steady_clock;

class Backfiller {
 public:
  Backfiller(const Shared& shared, pg::Session& session, BulkWriter& writer)
      : shared_(shared),
        session_(session),
        writer_(writer),
        outbox_(session),
        syncer_(session, outbox_, writer, shared.holds),
        times_(session, outbox_),
        reindexer_(shared, session) {}

  Next Step() {
    const std::shared_ptr<const IndexSet> set = shared_.registry.Current();
    // Shows, like a claim, that documents of this generation are being written, so that tasks of
    // a later one wait for this transaction.
    pg::Transaction transaction(session_);
    if (!EnterGeneration(session_, set->generation)) {
      shared_.request_check();
      return kUntilLooked;
    }
    // A transaction of an older generation could read a row later than a task does, and its
    // document of the old shape would win. Once none is left, none can begin again.
    if (alone_ != set->generation && OthersAreBehind(session_, set->generation)) {
      return {kBetweenLooks, true};
    }
    alone_ = set->generation;
    std::optional<BackfillTask> task = ClaimTask(session_, *set, shared_.holds.held());
    if (!task) {
      Next next = UntilNextTask(session_, *set);
      transaction.Commit();
      if (const auto hold = shared_.holds.UntilNext()) next.wait = std::min(next.wait, *hold);
      return reindexer_.Step(*set) ? kAgain : next;
    }
    const LiveIndex& whole = *set->indexes.find(task->index_name)->second;
    // A walk applies to whatever index the alias leads to now.
    const Target* target = FindTarget(whole, task->physical);
    LiveIndex index = whole.Only(target != nullptr ? *target : whole.targets.at(0));
    if (task->first_block && index.plan->schemas != nullptr) {
      const auto member = index.plan->schemas->FindRelation(task->relation_oid);
      if (!member) {  // of a schema that came or went just now
        shared_.request_check();
        return kUntilLooked;
      }
      index = index.Of(*member);
    }
    observe::Span span(observe::SpanKind::kInternal, "backfill task");
    span.Set("pgsluice.index", task->index_name);
    Portion portion;
    const auto begun = Clock::now();
    try {
      portion = Read(index, *task);
    } catch (const engine::IndexRefused& refused) {
      if (dynamic_cast<const IndexMissing*>(&refused) != nullptr) shared_.request_check();
      shared_.holds.Refused(task->index_name, refused);
      blocks_ = ChunkSizer(kBytesPerSnapshot, 1);  // little at first
      return kAgain;
    }
    if (!NamesHold(session_, {index.plan.get()})) {
      shared_.request_check();
      return kUntilLooked;
    }
    // The relation was rewritten (by TRUNCATE or VACUUM FULL, say), so its blocks now hold other
    // rows and all of it has to be scanned again.
    if (!SameStorage(session_, *task)) {
      CreateScan(session_, index, false, task->position.value_or(kFromTheStart));
    }
    SaveTask(session_, *task, portion);
    transaction.Commit();
    syncer_.Committed();
    portion.took = Clock::now() - begun;
    KeepRate(session_, *task, portion);
    shared_.monitor.Recovered("engine");
    if (task->first_block) {
      shared_.monitor.BackfillRows(index.plan->name).Add(static_cast<double>(portion.rows));
    }
    Progressed(index, portion);
    if (task->physical != index.physical) shared_.request_check();  // drops it
    return kAgain;
  }

 private:
  /// Does about a second's part of the task, or a second's rows at its rate, so that no transaction
  /// stays open while the task waits for its rate.
  Portion Read(const LiveIndex& index, BackfillTask& task) {
    if (!task.first_block) return Walk(index, task);
    const bool view = task.filenode == 0;
    if (!view) return ScanBlocks(index, task);
    return ScanKeys(index, task);
  }

  Portion ScanBlocks(const LiveIndex& index, BackfillTask& task) {
    if (task.is_last)
      task.end_block = std::max(task.end_block, BlocksOf(session_, task.relation_oid));
    const std::string sql = index.plan->BlockStatement(task.relation).sql;
    observe::Log(observe::Level::kDebug, "sync", "backfill reads a task",
                 {{"index", index.plan->name}, {"sql", sql}});
    Portion portion;
    const auto start = Clock::now();
    while (task.next_block < task.end_block) {
      const std::int64_t end = std::min(task.end_block, task.next_block + BlocksAtOnce(task));
      const auto begun = Clock::now();
      const std::int64_t rows = syncer_.careful() || index.plan->several_ids
                                    ? ScanRangeByKey(index, task, end)
                                    : ScanRange(index, task, sql, end);
      KeepTimes(index, task, end);
      const std::int64_t blocks = end - task.next_block;
      rows_per_block_ = rows / blocks + 1;
      time_per_block_ = (Clock::now() - begun) / blocks;
      portion.rows += rows;
      task.next_block = end;
      if (task.rate > 0 || Clock::now() - start >= kPortion) break;
    }
    portion.finished = task.next_block >= task.end_block;
    return portion;
  }

  /// Reads and writes all rows of some blocks at one snapshot. Uses a cursor, because even one
  /// block may hold a hundred rows of a megabyte each. Returns the number of rows.
  std::int64_t ScanRange(const LiveIndex& index, const BackfillTask& task, const std::string& sql,
                         std::int64_t end) {
    const std::int64_t begin = task.next_block;
    session_.ExecParams("DECLARE documents NO SCROLL CURSOR FOR " + sql,
                        {std::to_string(begin), std::to_string(end)});
    std::size_t total = 0, bytes = 0;
    for (bool more = true; more;) {
      const std::size_t limit = rows_.next();
      const pg::Result documents = Fetch(limit);
      const WriteReport report =
          writer_.Write(index, documents, index.whole && outbox_.HasDeadLetters(index.plan->name));
      syncer_.Settle(index, report, [&] { return KeysOfBlocks(index, task, begin, end); });
      rows_.Observe(documents.rows(), report.bytes);
      total += documents.rows();
      bytes += report.bytes;
      more = documents.rows() == limit;
    }
    session_.Exec("CLOSE documents");
    blocks_.Observe(static_cast<std::size_t>(end - begin), bytes);
    return static_cast<std::int64_t>(total);
  }

  /// Saves the times of the rows in the blocks up to `end`. If the time of one of them cannot be
  /// computed, the rows are tried one by one. Such a block keeps no times for rows outside `where`.
  void KeepTimes(const LiveIndex& index, const BackfillTask& task, std::int64_t end) {
    if (times_.KeepBlocks(index, task.relation, task.next_block, end)) return;
    WarnOfTimes(index);
    for (std::int64_t block = task.next_block; block < end; ++block) {
      if (times_.KeepBlocks(index, task.relation, block, block + 1)) continue;
      times_.Keep(index, KeysOfBlocks(index, task, block, block + 1));
    }
  }

  static void WarnOfTimes(const LiveIndex& index) {
    observe::Log(observe::Level::kWarn, "sync",
                 "refresh_at cannot be computed for some rows: their documents do not change by "
                 "themselves",
                 {{"index", index.plan->name}, {"see", "pgsluice dead-letters list"}});
  }

  /// Fetches from the cursor of ScanRange().
  pg::Result Fetch(std::size_t limit) {
    try {
      return session_.Exec("FETCH " + std::to_string(limit) + " FROM documents");
    } catch (const pg::SqlError& error) {
      if (error.IsOfOneRow()) syncer_.BeCareful();  // when the task is read again
      throw;
    }
  }

  /// Syncs the rows of one block at a time by their keys, so that only unreadable rows fail.
  std::int64_t ScanRangeByKey(const LiveIndex& index, BackfillTask& task, std::int64_t end) {
    std::int64_t rows = 0;
    for (std::int64_t block = task.next_block; block < end; ++block) {
      const std::vector<std::string> keys = KeysOfBlocks(index, task, block, block + 1);
      syncer_.Sync(index, keys);
      rows += static_cast<std::int64_t>(keys.size());
    }
    return rows;
  }

  std::vector<std::string> KeysOfBlocks(const LiveIndex& index, const BackfillTask& task,
                                        std::int64_t begin, std::int64_t end) {
    const std::string sql = index.plan->BlockKeysStatement(task.relation).sql;
    return Column(session_.ExecParams(sql, {std::to_string(begin), std::to_string(end)}));
  }

  /// Returns how many blocks to read and write in a portion's time, or at a rate, in about a
  /// second.
  std::int64_t BlocksAtOnce(const BackfillTask& task) const {
    const std::int64_t in_time = kPortion / std::max(time_per_block_, Clock::duration(1));
    const auto most = std::clamp<std::int64_t>(static_cast<std::int64_t>(blocks_.next()), 1,
                                               std::max<std::int64_t>(in_time, 1));
    if (task.rate == 0) return most;
    return std::clamp<std::int64_t>(task.rate / rows_per_block_, 1, most);
  }

  /// Scans a root without blocks (a view), in the order of its keys. The cursor outlives the
  /// transactions that save the task's progress, so that the view is computed only once, unless the
  /// process is killed.
  Portion ScanKeys(const LiveIndex& index, BackfillTask& task) {
    const auto start = Clock::now();
    OpenKeys(index, task);
    const std::int64_t limit = task.rate > 0 ? std::min(task.rate, kKeysPerFetch) : kKeysPerFetch;
    Portion portion;
    do {
      const std::vector<std::string> keys =
          Column(session_.Exec("FETCH " + std::to_string(limit) + " FROM keys"));
      if (keys.empty()) {
        if (!times_.KeepAll(index)) WarnOfTimes(index);
        return portion;
      }
      syncer_.Sync(index, keys);
      task.reached = keys.back();
      keys_of_ = {task.id, task.reached};
      portion.rows += static_cast<std::int64_t>(keys.size());
    } while (task.rate == 0 && Clock::now() - start < kPortion);
    portion.finished = false;
    return portion;
  }

  /// Opens the cursor "keys", unless it is open at the task's position. It is not if the last
  /// portion was rolled back, or if another process did it.
  void OpenKeys(const LiveIndex& index, const BackfillTask& task) {
    if (keys_of_ == std::pair(task.id, task.reached)) return;
    keys_of_ = {};
    if (session_.Exec("SELECT EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE name = 'keys')")
            .Bool(0, 0)) {
      session_.Exec("CLOSE keys");
    }
    session_.ExecParams("DECLARE keys NO SCROLL CURSOR WITH HOLD FOR SELECT key FROM (" +
                            index.plan->all_keys_sql +
                            ") AS keys(key) WHERE key::text COLLATE \"C\" > $1 "
                            "ORDER BY key::text COLLATE \"C\"",
                        {task.reached});
  }

  static std::vector<std::string> Column(const pg::Result& rows) {
    std::vector<std::string> texts;
    for (std::size_t row = 0; row < rows.rows(); ++row) texts.emplace_back(rows.Text(row, 0));
    return texts;
  }

  /// Checks every id of the index, and syncs or deletes it if its row does not exist, or has
  /// another routing than its document.
  Portion Walk(const LiveIndex& index, BackfillTask& task) {
    const std::int64_t limit = task.rate > 0 ? std::min(task.rate, kIdsPerPage) : kIdsPerPage;
    const auto start = Clock::now();
    if (task.reached.empty()) shared_.engine.Refresh(index.alias);
    Portion portion;
    while (true) {
      const engine::Engine::IdPage page =
          shared_.engine.Ids(index.alias, task.reached, static_cast<int>(limit), false,
                             OnlySchema(index, task.schema));
      if (page.ids.empty()) return portion;
      WalkPage(index, page);
      task.reached = page.next;
      portion.rows += static_cast<std::int64_t>(page.ids.size());
      if (task.rate > 0 || Clock::now() - start >= kPortion) return {portion.rows, false, {}};
    }
  }

  /// Returns a query for the documents of one schema. An index of one table has no such field.
  static std::string OnlySchema(const LiveIndex& index, const std::string& schema) {
    if (schema.empty() || index.plan->schemas == nullptr) return {};
    return R"({"term":{)" + json::Quote(index.plan->config.schema_field) + ":" +
           json::Quote(schema) + "}}";
  }

  void WalkPage(const LiveIndex& index, const engine::Engine::IdPage& page) {
    const DividedIds divided = DivideIds(session_, index, page.ids, page.routings);
    for (const auto& [one, ids, routings] : divided.parts) WalkIds(one, ids, routings);
    DeleteForeign(index, page.ids, page.routings, divided.foreign);
  }

  void DeleteForeign(const LiveIndex& index, const std::vector<std::string>& ids,
                     const std::vector<std::string>& routings,
                     const std::vector<std::size_t>& foreign) {
    if (foreign.empty()) return;
    const auto [statement, parameter] = ForeignQuery(ids, routings, foreign);
    Delete(index, session_.Exec(statement, {parameter}));
  }

  void WalkIds(const LiveIndex& index, const std::vector<std::string>& ids,
               const std::vector<std::string>& routings) {
    const SortedIds sorted = SortIds(session_, *index.plan, ids, routings, true);
    for (const auto& [statement, parameter] : MissingQueries(*index.plan, sorted)) {
      const pg::Result missing = session_.Exec(statement, {parameter});
      const std::vector<std::string> keys = KeysToRefresh(*index.plan, missing, ids);
      if (!keys.empty()) {
        syncer_.Sync(index, keys);
      } else if (!index.plan->several_ids || statement.name == "missing_ids") {
        Delete(index, missing);
      }
    }
    DeleteForeign(index, ids, routings, sorted.foreign);
  }

  /// Deletes documents that do not belong to a row. If the engine cannot delete one now, the whole
  /// page is repeated, because there is no key to try again with.
  void Delete(const LiveIndex& index, const pg::Result& rows) {
    const WriteReport report = writer_.Write(index, rows);
    if (!report.retry.empty()) {
      const Failure& first = report.retry.front();
      throw engine::IndexRefused(first.error, engine::RemedyOf(first.status, first.error));
    }
    for (const Failure& failure : report.rejected) {
      observe::Log(observe::Level::kWarn, "sync", "the engine refuses to delete a document",
                   {{"index", index.plan->name},
                    {"error", failure.error.substr(0, failure.error.find(':'))}});
    }
  }

  void Progressed(const LiveIndex& index, const Portion& portion) {
    const Progress progress = ProgressOf(session_, index.physical);
    shared_.monitor.BackfillProgress(index.plan->name).Set(progress.ratio());
    if (!portion.finished || progress.pieces_left > 0 || !CloseIfDone(session_, index.physical))
      return;
    shared_.request_refresh(index.alias, 0);
    shared_.request_check();  // the index is live now
  }

  const Shared& shared_;
  pg::Session& session_;
  BulkWriter& writer_;
  outbox::Outbox outbox_;
  DocumentSyncer syncer_;
  Times times_;
  Reindexer reindexer_;
  ChunkSizer rows_;
  /// One block may lead to 100 MB of values stored outside it.
  ChunkSizer blocks_{kBytesPerSnapshot, 1};
  int alone_ = -1;  ///< The last generation for which no older one was still running.
  std::int64_t rows_per_block_ = 100;  ///< As last measured; before that a guess. At least 1.
  Clock::duration time_per_block_{};   ///< As last measured.
  /// The task whose keys the cursor "keys" fetches, and the last key that it fetched.
  std::pair<std::int64_t, std::string> keys_of_;
};

}  // namespace

void RunBackfiller(const Shared& shared, const std::stop_token& stop) {
  BulkWriter writer(shared.engine, shared.bulk_bytes, shared.monitor);
  RunLoop(shared, "pgsluice backfill", shared.backfill, stop, [&](pg::Session& session) -> Step {
    session.Exec("SET cursor_tuple_fraction = 1");  // all rows of a cursor are read
    auto backfiller = std::make_shared<Backfiller>(shared, session, writer);
    return [backfiller] { return backfiller->Step(); };
  });
}

}  // namespace pgsluice::sync
