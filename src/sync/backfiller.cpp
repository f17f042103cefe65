#include "pgsluice/sync/backfiller.h"

#include <algorithm>
#include <memory>

#include "pgsluice/sync/jobs.h"
#include "pgsluice/sync/missing.h"
#include "pgsluice/sync/refresher.h"
#include "pgsluice/sync/writer.h"

namespace pgsluice::sync {

namespace {

constexpr int kIdsPerPage = 1000;

class Backfiller {
 public:
  Backfiller(const Shared& shared, pg::Session& session, Writer& writer)
      : shared_(shared),
        session_(session),
        writer_(writer),
        outbox_(session),
        refresher_(session, outbox_, writer, shared.monitor) {}

  bool Step() {
    const IndexRegistry::Use set(shared_.registry);
    pg::Transaction transaction(session_);
    const std::optional<Job> job = ClaimJob(session_, *set);
    if (!job) return false;
    const auto index = set->indexes.find(job->index_name);
    const std::int64_t rows = job->first_block ? Scan(*index->second, *job) : Walk(*index->second);
    if (!SameStorage(session_, *job)) CreateScan(session_, *index->second, false);
    FinishJob(session_, *job, rows);
    transaction.Commit();
    shared_.monitor.Recovered("engine");
    Finished(*index->second, rows);
    if (job->physical != index->second->physical) shared_.look_again();  // drops it
    return true;
  }

 private:
  std::int64_t Scan(const LiveIndex& index, const Job& job) {
    const bool view = job.filenode == 0;
    return view ? ScanKeys(index) : ScanBlocks(index, job);
  }

  std::int64_t ScanBlocks(const LiveIndex& index, const Job& job) {
    const pg::Statement statement = index.plan->BlockStatement(job.relation);
    std::int64_t rows = 0;
    for (std::int64_t block = *job.first_block; block < job.end_block;) {
      const std::int64_t end =
          std::min(job.end_block, block + static_cast<std::int64_t>(blocks_.next()));
      const pg::Result documents =
          session_.Exec(statement, {std::to_string(block), std::to_string(end)});
      const WriteReport report =
          writer_.Write(index, documents, outbox_.HasDeadLetters(index.plan->name));
      refresher_.Settle(index, report);
      blocks_.Observe(static_cast<std::size_t>(end - block), report.bytes);
      rows += static_cast<std::int64_t>(documents.rows());
      block = end;
    }
    return rows;
  }

  /// A root without blocks (a view): all its keys, streamed.
  std::int64_t ScanKeys(const LiveIndex& index) {
    session_.Exec("DECLARE keys NO SCROLL CURSOR FOR " + index.plan->all_keys_sql);
    std::int64_t rows = 0;
    while (true) {
      const pg::Result keys = session_.Exec("FETCH 4096 FROM keys");
      if (keys.rows() == 0) break;
      std::vector<std::string> batch;
      for (std::size_t row = 0; row < keys.rows(); ++row) batch.emplace_back(keys.Text(row, 0));
      refresher_.Refresh(index, batch);
      rows += static_cast<std::int64_t>(batch.size());
    }
    session_.Exec("CLOSE keys");
    return rows;
  }

  /// Refreshes every id of the index whose row is gone.
  std::int64_t Walk(const LiveIndex& index) {
    shared_.engine.Refresh(index.alias);
    std::int64_t deleted = 0;
    for (std::string after;;) {
      const engine::Engine::IdPage page =
          shared_.engine.Ids(index.alias, after, kIdsPerPage, false);
      if (page.ids.empty()) break;
      for (const auto& [statement, parameter] : MissingQueries(*index.plan, page.ids)) {
        const pg::Result missing = session_.Exec(statement, {parameter});
        refresher_.Settle(index, writer_.Write(index, missing));
        deleted += static_cast<std::int64_t>(missing.rows());
      }
      after = page.ids.back();
    }
    return deleted;
  }

  void Finished(const LiveIndex& index, std::int64_t rows) {
    const std::string& name = index.plan->name;
    shared_.monitor.BackfillRows(name).Add(static_cast<double>(rows));
    const Progress progress = ProgressOf(session_, index.physical);
    const double total = static_cast<double>(std::max<std::int64_t>(progress.blocks_total, 1));
    shared_.monitor.BackfillProgress(name).Set(
        progress.pieces_left == 0 ? 1 : static_cast<double>(progress.blocks_done) / total);
    if (progress.pieces_left > 0 || !CloseIfDone(session_, index.physical)) return;
    shared_.drained(index.alias);
    shared_.look_again();  // the index is live now
  }

  const Shared& shared_;
  pg::Session& session_;
  Writer& writer_;
  outbox::Outbox outbox_;
  Refresher refresher_;
  ChunkSizer blocks_;
};

}  // namespace

void RunBackfiller(const Shared& shared, const std::stop_token& stop) {
  Writer writer(shared.engine, shared.bulk_bytes, shared.monitor);
  RunLoop(shared, "pgsluice backfill", shared.backfill, stop, [&](pg::Session& session) -> Step {
    auto backfiller = std::make_shared<Backfiller>(shared, session, writer);
    return [backfiller] { return backfiller->Step(); };
  });
}

}  // namespace pgsluice::sync
