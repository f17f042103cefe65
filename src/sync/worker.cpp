#include "pgsluice/sync/worker.h"

#include <chrono>
#include <set>
#include <utility>

#include "pgsluice/observe/log.h"
#include "pgsluice/pg/sql_error.h"
#include "pgsluice/sync/jobs.h"
#include "pgsluice/sync/refresher.h"
#include "pgsluice/sync/router.h"
#include "pgsluice/sync/writer.h"

namespace pgsluice::sync {

namespace {

// Enough for the engine to be fed with bodies of a megabyte or more, small enough that a killed
// worker repeats little.
constexpr int kClaimLimit = 2000;
constexpr int kRootKeysPerFetch = 4096;

/// Root keys of a change to an embedded table: streamed, because one tag may be used by a million
/// documents.
void RefreshRootsOf(pg::Session& session, Refresher& refresher, const Work& work) {
  const document::Source& source = work.route.index->plan->sources[work.route.source];
  const std::string keys = JsonArray(work.keys, 0, work.keys.size());
  session.ExecParams("DECLARE roots NO SCROLL CURSOR FOR " + source.to_roots.sql, {keys});
  const std::string fetch = "FETCH " + std::to_string(kRootKeysPerFetch) + " FROM roots";
  while (true) {
    const pg::Result rows = session.Exec(fetch);
    if (rows.rows() == 0) break;
    std::vector<std::string> roots;
    for (std::size_t row = 0; row < rows.rows(); ++row) roots.emplace_back(rows.Text(row, 0));
    refresher.Refresh(*work.route.index, roots);
  }
  session.Exec("CLOSE roots");
}

void DoWork(pg::Session& session, Refresher& refresher, const Work& work) {
  const LiveIndex& index = *work.route.index;
  const document::Source& source = index.plan->sources[work.route.source];
  const bool root = source.table == index.plan->root;
  if (work.truncated) RequireCurrent(session, index);
  // Rows of an embedded table: any root may have changed; of a view, or of the root: be gone.
  if (work.truncated && !source.to_roots.sql.empty()) {
    CreateScan(session, index, true);
  } else if (work.truncated && root) {
    CreateWalk(session, index);
  }
  if (work.keys.empty()) return;
  if (root) refresher.Refresh(index, work.keys);
  if (!source.to_roots.sql.empty()) RefreshRootsOf(session, refresher, work);
}

// The second column: whether the server is behind what we have seen of it, or on another timeline,
// so that the indexes may hold what it lost. A restart of the same server is no such thing.
const pg::Statement kCheckEpoch{"check_epoch", R"sql(
  WITH before AS MATERIALIZED (
    SELECT pgsluice.version() < greatest(highest, $1::bigint)
           OR (server LIKE '%/%/%' AND
               pg_catalog.regexp_replace(server, '/[^/]*$', '') <>
               pg_catalog.regexp_replace(pgsluice.server_identity(), '/[^/]*$', '')) AS lost
    FROM pgsluice.state)
  SELECT pgsluice.check_epoch($1::bigint), lost FROM before)sql"};
// No shape that the keeper knows: it scans the tables and walks the ids.
const pg::Statement kFillAgain{"fill_again", "UPDATE pgsluice.index_state SET config_hash = ''"};

double AgeSeconds(const outbox::Event& event) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  return static_cast<double>(now - event.captured_at_us) / 1e6;
}

Next ProcessBatch(const Shared& shared, pg::Session& session, outbox::Outbox& outbox,
                  Refresher& refresher) {
  const std::shared_ptr<const IndexSet> set = shared.registry.Get();
  pg::Transaction transaction(session);
  const auto claimed = outbox.Claim(kClaimLimit, shared.floor.value(), set->generation);
  if (!claimed) {
    shared.look_again();
    return kUntilLooked;
  }
  const std::vector<outbox::Event>& events = *claimed;
  if (events.empty()) return kUntilCalled;
  bool truncated = false;
  std::set<std::string> touched;
  for (const Work& work : RouteEvents(*set, events)) {
    DoWork(session, refresher, work);
    truncated = truncated || work.truncated;
    for (const Target& target : work.route.index->targets) touched.insert(target.name);
  }
  std::vector<std::int64_t> ids;
  std::size_t key_bytes = 0;
  for (const outbox::Event& event : events) {
    if (ids.empty() || ids.back() != event.id) ids.push_back(event.id);
    key_bytes += event.key.size();
  }
  outbox.Ack(ids);
  transaction.Commit();

  shared.monitor.acknowledged.Signal();
  shared.monitor.claimed.Add(static_cast<double>(events.size()));
  for (const outbox::Event& event : events) {
    shared.monitor.end_to_end_seconds.Observe(AgeSeconds(event));
  }
  shared.monitor.Recovered("engine");
  if (truncated) shared.backfill.Signal();
  if (ids.size() < static_cast<std::size_t>(kClaimLimit) && key_bytes < outbox::kClaimBytes / 2) {
    for (const std::string& alias : touched) shared.drained(alias);
  }
  shared.floor.Advance(session);
  return kAgain;
}

}  // namespace

const char* PartOf(const Error& error, bool lost) {
  if (lost) return "database";
  return dynamic_cast<const pg::SqlError*>(&error) != nullptr ? "sync" : "engine";
}

std::unique_ptr<pg::Session> OpenSession(const Shared& shared, const std::string& name) {
  pg::SessionOptions options = shared.database;
  options.application_name = name;
  auto session = std::make_unique<pg::Session>(options);
  const std::string issued = std::to_string(shared.monitor.highest_issued());
  pg::Transaction transaction(*session);
  const pg::Result epoch = session->Exec(kCheckEpoch, {issued});
  if (epoch.Bool(0, 0)) {
    observe::Log(observe::Level::kWarn, "sync",
                 "transaction ids went back or the server is another one: the epoch was raised, so "
                 "that changes keep winning over what the index holds");
  }
  const bool lost = epoch.Bool(0, 0) && epoch.Bool(0, 1);
  if (lost) {
    observe::Log(observe::Level::kWarn, "sync",
                 "the server may have lost transactions that are in the indexes already: every "
                 "index is compared and filled again");
    session->Exec(kFillAgain);
  }
  transaction.Commit();
  shared.floor.Reset();
  if (lost) shared.look_again();
  shared.monitor.Recovered("database");
  return session;
}

void RunLoop(const Shared& shared, const std::string& name, Wakeup& wakeup,
             const std::stop_token& stop, const std::function<Step(pg::Session&)>& make_step) {
  std::unique_ptr<pg::Session> session;
  Step step;
  Backoff backoff;
  while (!stop.stop_requested()) {
    const std::uint64_t seen = wakeup.generation();
    try {
      if (!session) {
        session = OpenSession(shared, name);
        step = make_step(*session);
      }
      const Next next = step();
      if (next.wait.count() == 0) {
        backoff.Reset();
        shared.monitor.Recovered("sync");
      } else if (next.idle) {
        wakeup.WaitForWork(seen, stop, next.wait);
      } else {
        wakeup.WaitForCall(seen, stop, next.wait);
      }
      continue;
    } catch (const IndexMissing& missing) {
      shared.monitor.Trouble("engine", missing.Full());
      shared.look_again();
    } catch (const Error& error) {
      const bool lost = session == nullptr || session->broken();
      shared.monitor.Trouble(PartOf(error, lost), error.Full());
      // A statement that no longer fits the tables: the schema changed.
      if (!lost && error.disposition() == Disposition::kReject) shared.look_again();
    } catch (const std::exception& error) {
      shared.monitor.Trouble("sync", error.what());
    }
    if (session && session->broken()) session.reset();
    SleepUnlessStopped(backoff.Next(), stop);
  }
}

void RunWorker(const Shared& shared, const std::stop_token& stop) {
  Writer writer(shared.engine, shared.bulk_bytes, shared.monitor);
  RunLoop(shared, "pgsluice sync", shared.work, stop, [&](pg::Session& session) {
    auto outbox = std::make_shared<outbox::Outbox>(session);
    auto refresher = std::make_shared<Refresher>(session, *outbox, writer, shared.monitor);
    return [&shared, &session, outbox, refresher] {
      return ProcessBatch(shared, session, *outbox, *refresher);
    };
  });
}

}  // namespace pgsluice::sync
