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

/// A task of a backfill: a block range of one relation, or a walk over the index's ids. The tasks
/// are rows of pgsluice.backfill, claimed with SKIP LOCKED. So any number of threads and processes
/// share them, and the task of a killed process is free at once.
struct BackfillTask {
  std::int64_t id = 0;
  std::string index_name, physical;
  std::string relation;  ///< Qualified, quoted.
  std::uint32_t relation_oid = 0, filenode = 0;
  /// nullopt: walk the ids of the index and sync those whose rows do not exist.
  std::optional<std::int64_t> first_block;
  std::int64_t next_block = 0;  ///< Blocks below it have been read.
  std::int64_t end_block = 0;
  /// The last task of its relation. It reads up to the end that the relation has by then, because
  /// no other task covers the blocks that were added while the tasks were cut.
  bool is_last = false;
  std::string schema;     ///< Limits a walk to the ids of this schema; empty: all.
  std::string reached;    ///< Without blocks: the last key or id that was read; empty: none yet.
  std::int64_t rate = 0;  ///< Rows per second to read of this index; 0: no limit.
  /// Readers that wait for this position, or a later one, wait for the task; nullopt: no reader
  /// does.
  std::optional<std::int64_t> position = 0;
};

/// The position of tasks that every reader waits for, because documents may be missing or old
/// without them: a first copy, or a refill after a gap.
inline constexpr std::int64_t kFromTheStart = 0;
/// Returns the position of work that begins now: above 0, and at or below what
/// Consistency::Position() returns later.
std::int64_t PresentPosition(pg::Session& session);

/// What one transaction did of a task: all of it, or a part of it if the index has a rate.
struct Portion {
  std::int64_t rows = 0;
  bool finished = true;
  std::chrono::steady_clock::duration took{};
};

/// Counts rows; see pgsluice.progress().
struct Progress {
  std::int64_t pieces_left = 0;
  std::int64_t done = 0, total = 0;
  std::optional<std::int64_t> eta_s;
  /// All rows have been read, and the ids of the index are being checked for documents without a
  /// row.
  bool walking = false;
  std::int64_t walked = 0;  ///< Ids checked.

  double ratio() const {
    if (pieces_left == 0) return 1;
    return total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
  }
};

/// Replaces the scan tasks of an index (of each target) by tasks for all partitions and children of
/// its root. With `walk`, also replaces its walks by one over all ids; otherwise a waiting walk
/// stays. Call after the table is attached, so that every later commit has events. Unfinished tasks
/// that are replaced lower the position of the new ones to theirs. For the plan of a member, reads
/// only what belongs to its schema, and replaces nothing.
void CreateScan(pg::Session& session, const LiveIndex& index, bool walk,
                std::int64_t position = kFromTheStart);
/// Adds a scan of some relations (a partition that was attached, a schema that came).
void CreateScanOf(pg::Session& session, const LiveIndex& index,
                  const std::vector<std::uint32_t>& relations,
                  std::int64_t position = kFromTheStart);
/// Removes the tasks of a relation (a partition that went away).
void DropScanOf(pg::Session& session, const LiveIndex& index, std::uint32_t relation);
/// Adds a walk over the index's ids (after TRUNCATE, or if a partition was removed), and schedules
/// a second one: see WalkAgain(). If a walk is already waiting, it is used, at the lower of both
/// positions.
void CreateWalk(pg::Session& session, const LiveIndex& index,
                std::int64_t position = kFromTheStart);
/// Adds a walk over the ids of one schema, for an index over many schemas.
void CreateWalkOf(pg::Session& session, const LiveIndex& index, const std::string& schema,
                  std::int64_t position);
/// Adds the second walks that are due. A killed process may have sent documents that the engine
/// received only after the first walk; the second one removes them. No reader waits for these
/// walks.
void WalkAgain(pg::Session& session, const IndexSet& set);
/// Announces, until the transaction ends, that this session writes documents as of `generation`.
/// Returns false if that is no longer the generation in pgsluice.state.
bool EnterGeneration(pg::Session& session, int generation);
/// Returns whether a transaction of any process still writes documents as of an older generation. A
/// task has to wait for it: if such a transaction read a row after the task did, its older document
/// would stay.
bool OthersAreBehind(pg::Session& session, int generation);
/// Declares that documents have another shape or place from now on. Call in the transaction that
/// makes the change and creates the tasks.
void RaiseGeneration(pg::Session& session);

/// Claims a task within the caller's transaction. Returns nullopt if no task is free. Leaves alone
/// tasks of indexes that `set` does not contain (another process has just created them, or they
/// belong to another process), and of the indexes in `held`.
std::optional<BackfillTask> ClaimTask(pg::Session& session, const IndexSet& set,
                                      const std::vector<std::string>& held = {});
/// Returns whether the relation still has the storage that the task was cut for. Call after
/// reading, because the lock of the read keeps the relation from being rewritten until the
/// transaction ends.
bool SameStorage(pg::Session& session, const BackfillTask& task);
/// Returns the number of blocks that a relation has now.
std::int64_t BlocksOf(pg::Session& session, std::uint32_t relation);
/// Saves how far the task is: next_block, end_block and reached.
void SaveTask(pg::Session& session, const BackfillTask& task, const Portion& portion);
/// If the index has a rate, saves when it may be read again: after the time that this portion may
/// take. Call outside the task's transaction, so that no session waits for a task while it holds
/// the index's row.
void KeepRate(pg::Session& session, const BackfillTask& task, const Portion& portion);
/// Returns how long to wait if no task could be claimed: until the rate allows one, or else until a
/// signal.
Next UntilNextTask(pg::Session& session, const IndexSet& set);
/// Starts to read the index's tables again at `rate` rows per second (0: no limit) and returns
/// true. If an earlier backfill is unfinished, continues it at that rate and returns false. Throws
/// IndexMissing like RequireCurrent().
bool BeginBackfill(pg::Session& session, const LiveIndex& index, std::int64_t rate);
/// Returns how many rows the last finished backfill of the index read.
std::int64_t BackfilledRows(pg::Session& session, const std::string& index_name);
/// Returns the target of the index that stands for a physical index; null if there is none.
const Target* FindTarget(const LiveIndex& index, std::string_view physical);
struct Waiting {
  bool any = false;      ///< Tasks of indexes of the set are waiting.
  bool unknown = false;  ///< Some belong to a physical index that the set does not contain.
};
Waiting WaitingTasks(pg::Session& session, const IndexSet& set);
/// Throws IndexMissing if another process has created the index again, because tasks for the index
/// that `index` describes would be lost. Otherwise keeps it from being created again until the
/// transaction ends.
void RequireCurrent(pg::Session& session, const LiveIndex& index);
/// Removes tasks of physical indexes and relations that do not exist any longer.
void DropVoidTasks(pg::Session& session);
Progress ProgressOf(pg::Session& session, const std::string& physical);
/// Removes finished tasks. Returns true if no task is left, so that the backfill has ended.
bool CloseIfDone(pg::Session& session, const std::string& physical);

}  // namespace pgsluice::sync
