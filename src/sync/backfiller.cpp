#include "pgsluice/sync/backfiller.h"

#include <algorithm>
#include <memory>

#include "pgsluice/observe/log.h"
#include "pgsluice/observe/trace.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/sync/definitions.h"
#include "pgsluice/sync/jobs.h"
#include "pgsluice/sync/missing.h"
#include "pgsluice/sync/refresher.h"
#include "pgsluice/sync/writer.h"
#include "sync/reindexer.h"

namespace pgsluice::sync {

namespace {

constexpr std::int64_t kIdsPerPage = 1000, kKeysPerFetch = 4096;
// Of documents: written within a second or two, so that no write is old.
constexpr std::size_t kBytesPerSnapshot = 8U << 20U;
// Of documents: what a transaction writes of a piece whose rows are large, so that a bulk that
// fails does not undo more.
constexpr std::size_t kBytesPerPortion = 64U << 20U;
// While a transaction of an older generation is at work.
constexpr std::chrono::milliseconds kBetweenLooks{50};

class Backfiller {
 public:
  Backfiller(const Shared& shared, pg::Session& session, Writer& writer)
      : shared_(shared),
        session_(session),
        writer_(writer),
        outbox_(session),
        refresher_(session, outbox_, writer, shared.monitor),
        reindexer_(shared, session) {}

  Next Step() {
    const std::shared_ptr<const IndexSet> set = shared_.registry.Get();
    pg::Transaction transaction(session_);
    if (!EnterGeneration(session_, set->generation)) {
      shared_.look_again();
      return kUntilLooked;
    }
    if (alone_ != set->generation && OthersAreBehind(session_, set->generation)) {
      return {kBetweenLooks, true};
    }
    alone_ = set->generation;
    std::optional<Job> job = ClaimJob(session_, *set);
    if (!job) {
      const Next next = UntilNextJob(session_, *set);
      transaction.Commit();
      return reindexer_.Step(*set) ? kAgain : next;
    }
    const LiveIndex& whole = *set->indexes.find(job->index_name)->second;
    // A walk holds for whatever index is in place now.
    const Target* target = FindTarget(whole, job->physical);
    const LiveIndex index = whole.Only(target != nullptr ? *target : whole.targets.at(0));
    observe::Span span(observe::SpanKind::kInternal, "backfill piece");
    span.Set("pgsluice.index", job->index_name);
    const Portion portion = Read(index, *job);
    if (!NamesHold(session_, {index.plan.get()})) {
      shared_.look_again();
      return kUntilLooked;
    }
    if (!SameStorage(session_, *job)) CreateScan(session_, index, false);
    SaveJob(session_, *job, portion);
    transaction.Commit();
    refresher_.Committed();
    KeepRate(session_, *job, portion);
    shared_.monitor.Recovered("engine");
    if (job->first_block) {
      shared_.monitor.BackfillRows(index.plan->name).Add(static_cast<double>(portion.rows));
    }
    if (portion.finished) Finished(index);
    if (job->physical != index.physical) shared_.look_again();  // drops it
    return kAgain;
  }

 private:
  /// All of the piece; a part of it where that is much, and under a rate, so that no transaction is
  /// open while the rate is waited for.
  Portion Read(const LiveIndex& index, Job& job) {
    if (!job.first_block) return Walk(index, job);
    const bool view = job.filenode == 0;
    if (!view) return ScanBlocks(index, job);
    return job.rate > 0 ? ScanSomeKeys(index, job) : ScanKeys(index);
  }

  Portion ScanBlocks(const LiveIndex& index, Job& job) {
    if (job.is_last) job.end_block = std::max(job.end_block, BlocksOf(session_, job.relation_oid));
    const std::string sql = index.plan->BlockStatement(job.relation).sql;
    observe::Log(observe::Level::kDebug, "sync", "backfill reads a piece",
                 {{"index", index.plan->name}, {"sql", sql}});
    Portion portion;
    std::size_t bytes = 0;
    while (job.next_block < job.end_block) {
      const std::int64_t end = std::min(job.end_block, job.next_block + BlocksAtOnce(job));
      const auto [rows, written] = refresher_.careful()
                                       ? ScanRangeByKey(index, job, end)
                                       : ScanRange(index, sql, job.next_block, end);
      bytes += written;
      rows_per_block_ = rows / (end - job.next_block) + 1;
      portion.rows += rows;
      job.next_block = end;
      if (job.rate > 0 || bytes > kBytesPerPortion) break;
    }
    portion.finished = job.next_block >= job.end_block;
    return portion;
  }

  struct Written {
    std::int64_t rows = 0;
    std::size_t bytes = 0;  ///< Of documents; 0 where nobody counted them.
  };

  /// All rows of some blocks, at one snapshot. A cursor, because even one block may hold a hundred
  /// rows of a megabyte each.
  Written ScanRange(const LiveIndex& index, const std::string& sql, std::int64_t begin,
                    std::int64_t end) {
    session_.ExecParams("DECLARE documents NO SCROLL CURSOR FOR " + sql,
                        {std::to_string(begin), std::to_string(end)});
    std::size_t total = 0, bytes = 0;
    for (bool more = true; more;) {
      const std::size_t limit = rows_.next();
      const pg::Result documents = Fetch(limit);
      const WriteReport report =
          writer_.Write(index, documents, index.whole && outbox_.HasDeadLetters(index.plan->name));
      refresher_.Settle(index, report);
      rows_.Observe(documents.rows(), report.bytes);
      total += documents.rows();
      bytes += report.bytes;
      more = documents.rows() == limit;
    }
    session_.Exec("CLOSE documents");
    blocks_.Observe(static_cast<std::size_t>(end - begin), bytes);
    return {static_cast<std::int64_t>(total), bytes};
  }

  /// Of the cursor of ScanRange().
  pg::Result Fetch(std::size_t limit) {
    try {
      return session_.Exec("FETCH " + std::to_string(limit) + " FROM documents");
    } catch (const pg::SqlError& error) {
      if (error.IsOfOneRow()) refresher_.BeCareful();  // when the piece is read again
      throw;
    }
  }

  /// The rows of one block at a time by their keys, so that only those fail that cannot be read.
  Written ScanRangeByKey(const LiveIndex& index, Job& job, std::int64_t end) {
    const std::string sql = index.plan->BlockKeysStatement(job.relation).sql;
    Written written;
    for (std::int64_t block = job.next_block; block < end; ++block) {
      const std::vector<std::string> keys =
          Column(session_.ExecParams(sql, {std::to_string(block), std::to_string(block + 1)}));
      refresher_.Refresh(index, keys);
      written.rows += static_cast<std::int64_t>(keys.size());
    }
    return written;
  }

  /// Under a rate the rows of about a second.
  std::int64_t BlocksAtOnce(const Job& job) const {
    const auto most = static_cast<std::int64_t>(blocks_.next());
    if (job.rate == 0) return most;
    return std::clamp<std::int64_t>(job.rate / rows_per_block_, 1, most);
  }

  /// A root without blocks (a view): all its keys, streamed.
  Portion ScanKeys(const LiveIndex& index) {
    session_.Exec("DECLARE keys NO SCROLL CURSOR FOR " + index.plan->all_keys_sql);
    const std::string fetch = "FETCH " + std::to_string(kKeysPerFetch) + " FROM keys";
    Portion portion;
    while (true) {
      const std::vector<std::string> keys = Column(session_.Exec(fetch));
      if (keys.empty()) break;
      refresher_.Refresh(index, keys);
      portion.rows += static_cast<std::int64_t>(keys.size());
    }
    session_.Exec("CLOSE keys");
    return portion;
  }

  Portion ScanSomeKeys(const LiveIndex& index, Job& job) {
    const std::int64_t limit = std::min(job.rate, kKeysPerFetch);
    const std::vector<std::string> keys = Column(session_.ExecParams(
        "SELECT key FROM (" + index.plan->all_keys_sql +
            ") AS keys(key) WHERE key::text COLLATE \"C\" > $1 ORDER BY key::text COLLATE \"C\" "
            "LIMIT $2::bigint",
        {job.reached, std::to_string(limit)}));
    if (!keys.empty()) {
      refresher_.Refresh(index, keys);
      job.reached = keys.back();
    }
    const auto rows = static_cast<std::int64_t>(keys.size());
    return {rows, rows < limit};
  }

  static std::vector<std::string> Column(const pg::Result& rows) {
    std::vector<std::string> texts;
    for (std::size_t row = 0; row < rows.rows(); ++row) texts.emplace_back(rows.Text(row, 0));
    return texts;
  }

  /// Refreshes every id of the index whose row is gone, or has another routing than its document.
  Portion Walk(const LiveIndex& index, Job& job) {
    const std::int64_t limit = job.rate > 0 ? std::min(job.rate, kIdsPerPage) : kIdsPerPage;
    if (job.reached.empty()) shared_.engine.Refresh(index.alias);
    Portion portion;
    while (true) {
      const engine::Engine::IdPage page =
          shared_.engine.Ids(index.alias, job.reached, static_cast<int>(limit), false);
      if (page.ids.empty()) return portion;
      for (const auto& [statement, parameter] :
           MissingQueries(*index.plan, page.ids, page.routings)) {
        const pg::Result missing = session_.Exec(statement, {parameter});
        const std::vector<std::string> keys = RoutedKeys(*index.plan, missing);
        if (keys.empty()) {
          refresher_.Settle(index, writer_.Write(index, missing));
        } else {
          refresher_.Refresh(index, keys);
        }
      }
      job.reached = page.ids.back();
      portion.rows += static_cast<std::int64_t>(page.ids.size());
      if (job.rate > 0) return {portion.rows, false};
    }
  }

  void Finished(const LiveIndex& index) {
    const Progress progress = ProgressOf(session_, index.physical);
    shared_.monitor.BackfillProgress(index.plan->name).Set(progress.ratio());
    if (progress.pieces_left > 0 || !CloseIfDone(session_, index.physical)) return;
    shared_.drained(index.alias, 0);
    shared_.look_again();  // the index is live now
  }

  const Shared& shared_;
  pg::Session& session_;
  Writer& writer_;
  outbox::Outbox outbox_;
  Refresher refresher_;
  Reindexer reindexer_;
  ChunkSizer rows_;
  ChunkSizer blocks_{kBytesPerSnapshot, 1};  ///< One block may hold 100 MB outside of it.
  int alone_ = -1;  ///< The last generation of which no older one was at work any more.
  std::int64_t rows_per_block_ = 100;  ///< As last seen; before that a guess. At least 1.
};

}  // namespace

void RunBackfiller(const Shared& shared, const std::stop_token& stop) {
  Writer writer(shared.engine, shared.bulk_bytes, shared.monitor);
  RunLoop(shared, "pgsluice backfill", shared.backfill, stop, [&](pg::Session& session) -> Step {
    session.Exec("SET cursor_tuple_fraction = 1");  // all rows of a cursor are read
    auto backfiller = std::make_shared<Backfiller>(shared, session, writer);
    return [backfiller] { return backfiller->Step(); };
  });
}

}  // namespace pgsluice::sync
