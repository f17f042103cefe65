#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/base/mutex.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/engine/refused.h"
#include "pgsluice/sync/definitions.h"
#include "pgsluice/sync/epoch_keeper.h"
#include "pgsluice/sync/index_manager.h"
#include "pgsluice/sync/shared.h"
#include "pgsluice/sync/troubles.h"

namespace pgsluice::sync {

/// Keeps the process's picture of tables and indexes true: builds the plans, checks that the
/// tables are attached, makes and extends indexes, notices schema changes, new partitions and
/// indexes that vanished, and samples the lag. One thread, one session.
class SchemaWatcher {
 public:
  /// `writes` false: only serve, change nothing.
  SchemaWatcher(const config::Config& config, const Shared& shared, bool writes);

  /// The first look. Throws Error(kRetry) if the database cannot be reached, Error(kFatal) if the
  /// engine refuses our credentials or is not a search engine. An engine that cannot be reached is
  /// not error here: Run() continues to try. Neither is an index whose definition does not fit the
  /// tables or the engine: it is in trouble alone.
  void Start();
  /// Looks every few seconds, and whenever somebody asks, until stopped.
  void Run(const std::stop_token& stop);
  /// Ask for a look now. Thread-safe.
  void RequestCheck() { wakeup_.Signal(); }

  /// Every index is known to the engine, or known to be in trouble. Thread-safe.
  bool ready() const { return ready_; }
  /// The indexes fit the tables as they are at this fingerprint of the catalog. Thread-safe.
  bool KnowsTables(const std::string& fingerprint) const;

 private:
  void Connect();
  /// Makes known which definitions this process runs.
  void Join();
  /// The same without the indexes of `set` that cannot be written: after a while without a process
  /// that runs their definitions, no event waits for them, and they are filled again.
  void JoinWithoutUnwritten(const IndexSet& set);
  void Leave();
  void Look();
  pg::Result Pulse();
  /// Reads the catalog, plans the indexes and attaches their tables.
  void Reload(bool first);
  void AttachTables(bool first);
  /// From now on, plans of other tables may be in force than those known last.
  void Looking();
  /// The indexes fit the tables that were read last.
  void Looked();
  std::vector<std::shared_ptr<const plan::Plan>> Plans() const;  ///< That fit the tables.
  std::vector<std::string> Names() const;                        ///< Of all indexes.
  /// Makes and extends the indexes; with `retry` only those in trouble, if nothing else changed.
  void EnsureIndexes(bool retry);
  /// False if the engine did not take a request about the index.
  bool EnsureOne(const plan::Planned& planned, IndexSet& set);
  /// The same for an index whose definition fits the tables.
  bool EnsurePlanned(const plan::Planned& planned, IndexSet& set);
  /// Indexes with a block, and those whose changes the engine refuses for some time.
  std::map<std::string, IndexTrouble> BlockedNow() const;
  /// Blocks that began or ended since the last look.
  void FollowBlocks(const std::map<std::string, IndexTrouble>& blocked);
  void PutInForce(const std::shared_ptr<const IndexSet>& set);
  /// What processes that write found out about our indexes; for one that only serves.
  TroubleMap TroublesOfOthers();
  /// Takes the lock with plans of the tables as they are then: a process that takes it later and
  /// knows of newer ones raises the generation above that of our picture.
  void LockWithPresentPlans(std::optional<IndexLock>& lock);
  void KeepEpoch();
  bool InTrouble() const;
  void Sample();
  /// Nothing waits, so that no worker finds out that a trouble is over.
  void RecoveredIdle();
  void SampleIndexes();

  const config::Config& config_;
  const Shared& shared_;
  const bool writes_;
  IndexManager indexes_;
  EpochKeeper epochs_;
  Wakeup wakeup_{1};
  std::unique_ptr<pg::Session> session_;
  Membership membership_;  ///< Of that session.
  catalog::Catalog catalog_;
  std::vector<plan::Planned> planned_;
  std::set<std::string> unwritten_;              ///< Indexes with a plan that cannot be written.
  std::optional<engine::IndexRefused> refusal_;  ///< Of an index that was ensured last.
  TroubleMap misfits_;  ///< Indexes whose definition does not fit the tables.
  TroubleMap others_;   ///< What TroublesOfOthers() returned last.
  Troubles troubles_;
  std::map<std::string, IndexTrouble> blocked_;  ///< As the engine was last asked.
  std::atomic<bool> ready_{false};
  std::int64_t kept_issued_ = 0;
  std::uint64_t looked_at_ = 0;
  std::string pulse_;           ///< Of the last look that was more than a glance.
  std::string in_force_, run_;  ///< The definitions, when the indexes were last ensured.
  std::string triggers_;        ///< When the tables were last attached.
  bool attached_ = false;       ///< The last look changed triggers.
  int looks_ = 0;
  mutable base::Mutex mutex_;
  std::string known_tables_ PGSLUICE_GUARDED_BY(mutex_);  ///< See KnowsTables().
};

}  // namespace pgsluice::sync
