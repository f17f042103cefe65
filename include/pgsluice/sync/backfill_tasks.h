#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"
#include "pgsluice/sync/wakeup.h"

namespace pgsluice::sync {

/// A task of a backfill: a block range of one relation, or a walk over the index's ids. Rows of
/// pgsluice.backfill, claimed with SKIP LOCKED, so that any number of threads and processes share
/// them and a killed one's task is free at once.
struct BackfillTask {
  std::int64_t id = 0;
  std::string index_name, physical;
  std::string relation;  ///< Qualified, quoted.
  std::uint32_t relation_oid = 0, filenode = 0;
  /// nullopt: walk the ids of the index and refresh those whose rows are gone.
  std::optional<std::int64_t> first_block;
  std::int64_t next_block = 0;  ///< Blocks below it have been read.
  std::int64_t end_block = 0;
  /// The last task of its relation, which reads to the end that there is by then: what was added
  /// while the tasks were cut has no other.
  bool is_last = false;
  std::string reached;    ///< Without blocks: the last key or id done; empty: none yet.
  std::int64_t rate = 0;  ///< Rows per second that the index may be read at; 0: any.
  /// Readers that wait for this position, or a later one, wait for the task; nullopt: nobody does.
  std::optional<std::int64_t> position = 0;
};

/// The position of tasks without which documents may be missing or old, whatever the position: a
/// first copy, or a refill after a gap.
inline constexpr std::int64_t kFromTheStart = 0;
/// The position of work that begins now: above 0, and at or below what position() returns later.
std::int64_t PresentPosition(pg::Session& session);

/// What was done of a task in one transaction: all of it, or a part of it under a rate.
struct Portion {
  std::int64_t rows = 0;
  bool finished = true;
  std::chrono::steady_clock::duration took{};
};

/// In rows; see pgsluice.progress().
struct Progress {
  std::int64_t pieces_left = 0;
  std::int64_t done = 0, total = 0;
  std::optional<std::int64_t> eta_s;
  /// All rows are read; ids of the index are looked at for documents without a row.
  bool walking = false;
  std::int64_t walked = 0;  ///< Ids looked at.

  double ratio() const {
    if (pieces_left == 0) return 1;
    return total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
  }
};

/// Replaces the scan of an index (of each target) by one of its root (all its partitions and
/// children) and, with `walk`, its walks by one over all ids; a walk that waits stays otherwise.
/// Call after the table is attached: what commits later has events. Tasks that are replaced before
/// they are done lower the position of the new ones to theirs.
void CreateScan(pg::Session& session, const LiveIndex& index, bool walk,
                std::int64_t position = kFromTheStart);
/// Adds a scan of one relation (a partition that was attached).
void CreateScanOf(pg::Session& session, const LiveIndex& index, std::uint32_t relation,
                  std::int64_t position = kFromTheStart);
/// Removes the tasks of a relation (a partition that went away).
void DropScanOf(pg::Session& session, const LiveIndex& index, std::uint32_t relation);
/// Adds a walk over the index's ids (TRUNCATE, a partition that went away), and another one for
/// later: see WalkAgain(). A walk that waits already serves, at the lower of both positions.
void CreateWalk(pg::Session& session, const LiveIndex& index,
                std::int64_t position = kFromTheStart);
/// Adds the second walks that are due: documents that a poller had sent before it was killed, and
/// that the engine got after the first walk, go as well. Nobody waits for them.
void WalkAgain(pg::Session& session, const IndexSet& set);
/// Announces, until the transaction ends, that documents are written as of `generation`; false if
/// it is no longer that of pgsluice.state.
bool EnterGeneration(pg::Session& session, int generation);
/// Whether some transaction, of any process, still writes documents as of an older generation. A
/// task has to wait for it: what such a transaction reads later than the task does would stay.
bool OthersAreBehind(pg::Session& session, int generation);
/// From now on, documents have another shape or place. In the transaction that makes it so and
/// creates the tasks.
void RaiseGeneration(pg::Session& session);

/// Claims a task within the caller's transaction; nothing when none is free. Tasks of indexes
/// that `set` does not know (another process made them just now, or they are not ours) stay for
/// the process that knows them.
/// So do those of the indexes in `held`.
std::optional<BackfillTask> ClaimTask(pg::Session& session, const IndexSet& set,
                                      const std::vector<std::string>& held = {});
/// Whether the relation still has the storage the task was cut for. Ask after reading: the read's
/// lock keeps it from being rewritten until the transaction ends.
bool SameStorage(pg::Session& session, const BackfillTask& task);
/// The blocks that a relation has now.
std::int64_t BlocksOf(pg::Session& session, std::uint32_t relation);
/// Remembers how far the task is: its next_block, end_block and reached.
void SaveTask(pg::Session& session, const BackfillTask& task, const Portion& portion);
/// Where the index has a rate: it may be read on when the time for this portion is over. Outside of
/// the task's transaction, so that nobody waits for a task while holding the index's row.
void KeepRate(pg::Session& session, const BackfillTask& task, const Portion& portion);
/// When no task could be claimed: until one may be, where only a rate is in the way, else until
/// called.
Next UntilNextTask(pg::Session& session, const IndexSet& set);
/// Reads the index's tables again at a rate (0: any), or goes on with what is left of an earlier
/// backfill at that rate; false for the latter. Throws IndexMissing as RequireCurrent().
bool BeginBackfill(pg::Session& session, const LiveIndex& index, std::int64_t rate);
/// Rows that the last backfill of the index which came to its end read.
std::int64_t BackfilledRows(pg::Session& session, const std::string& index_name);
/// The target of the index that stands for a physical index; null when there is none.
const Target* FindTarget(const LiveIndex& index, std::string_view physical);
struct Waiting {
  bool any = false;      ///< Tasks of indexes of the set wait.
  bool unknown = false;  ///< Some are of another physical index than the set knows.
};
Waiting WaitingTasks(pg::Session& session, const IndexSet& set);
/// Throws IndexMissing when another process has made the index again, so that tasks for it as
/// `index` knows it would be lost. Keeps it from being made again until the transaction ends.
void RequireCurrent(pg::Session& session, const LiveIndex& index);
/// Removes tasks of physical indexes and of relations that are no more.
void DropVoidTasks(pg::Session& session);
Progress ProgressOf(pg::Session& session, const std::string& physical);
/// Forgets finished tasks; true when none was left, so that the backfill is over.
bool CloseIfDone(pg::Session& session, const std::string& physical);

}  // namespace pgsluice::sync
