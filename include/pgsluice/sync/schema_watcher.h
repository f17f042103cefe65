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

/// Keeps the process's view of tables and indexes up to date: builds the plans, attaches the
/// tables, creates and extends indexes, notices schema changes, new partitions and deleted indexes,
/// and samples the lag. One thread with one session.
class SchemaWatcher {
 public:
  /// With `writes` false it changes nothing: for a process that only serves.
  SchemaWatcher(const config::Config& config, const Shared& shared, bool writes);

  /// Checks for the first time. Throws Error(kRetry) if the database cannot be reached, and
  /// Error(kFatal) if the engine refuses our credentials or is not a search engine. Does not throw
  /// if the engine cannot be reached, because Run() continues to try. Does not throw either if a
  /// definition does not fit the tables or the engine: only that index is in trouble.
  void Start();
  /// Checks every few seconds, and after RequestCheck(), until stopped.
  void Run(const std::stop_token& stop);
  /// Asks for a check now. Thread-safe.
  void RequestCheck() { wakeup_.Signal(); }

  /// Returns whether every index exists in the engine or is known to be in trouble. Thread-safe.
  bool ready() const { return ready_; }
  /// Returns whether the indexes fit the tables that have this fingerprint of the catalog.
  /// Thread-safe.
  bool KnowsTables(const std::string& fingerprint) const;

 private:
  void Connect();
  /// Registers the definitions that this process runs.
  void Join();
  /// Like Join(), but without the indexes of `set` that cannot be written. If no process runs their
  /// definitions for a while, events stop waiting for them, and they are filled again later.
  void JoinWithoutUnwritten(const IndexSet& set);
  void Leave();
  void Look();
  pg::Result Pulse();
  /// Reads the catalog, plans the indexes and attaches their tables.
  void Reload(bool first);
  void AttachTables(bool first);
  /// Returns the oids of all partitions and children of the root tables; nothing if there is no
  /// root table.
  std::optional<std::vector<std::uint32_t>> DescendantsOf(const plan::Plan& plan) const;
  /// Records that from now on the plans may be made for other tables than those recorded last.
  void Looking();
  /// Records that the indexes fit the tables that were read last.
  void Looked();
  std::vector<std::shared_ptr<const plan::Plan>> Plans() const;  ///< Those that fit the tables.
  std::vector<std::string> Names() const;                        ///< Of all indexes.
  /// Creates and extends the indexes. With `retry` only those in trouble, if nothing else changed.
  void EnsureIndexes(bool retry);
  /// Returns false if the engine did not accept a request for the index.
  bool EnsureOne(const plan::Planned& planned, IndexSet& set);
  /// Like EnsureOne(), for an index whose definition fits the tables.
  bool EnsurePlanned(const plan::Planned& planned, IndexSet& set);
  /// Returns the indexes that have a block, and those whose changes the engine has refused for some
  /// time.
  std::map<std::string, IndexTrouble> BlockedNow() const;
  /// Publishes which blocks began or ended since the last check.
  void FollowBlocks(const std::map<std::string, IndexTrouble>& blocked);
  void PutInForce(const std::shared_ptr<const IndexSet>& set);
  /// Returns the troubles of our indexes that writing processes recorded; for a process that only
  /// serves.
  TroubleMap TroublesOfOthers();
  /// Takes the lock with plans that fit the tables at that moment. So a process that takes it later
  /// with newer plans raises the generation above ours.
  void LockWithPresentPlans(std::optional<IndexLock>& lock);
  void KeepEpoch();
  bool InTrouble() const;
  void Sample();
  /// Ends troubles while the outbox is empty, because no worker has work that would show that they
  /// are over.
  void RecoveredIdle();
  void SampleIndexes();

  const config::Config& config_;
  const Shared& shared_;
  const bool writes_;
  IndexManager indexes_;
  EpochKeeper epochs_;
  Wakeup wakeup_{1};
  std::unique_ptr<pg::Session> session_;
  std::string backend_;    ///< Of that session, or of the last one.
  Membership membership_;  ///< Of that session.
  catalog::Catalog catalog_;
  std::vector<plan::Planned> planned_;
  std::set<std::string> unwritten_;              ///< Indexes with a plan that cannot be written.
  std::optional<engine::IndexRefused> refusal_;  ///< The last refusal of an index that was ensured.
  TroubleMap misfits_;  ///< Indexes whose definition does not fit the tables.
  TroubleMap partly_;   ///< Those of which some schemas do not fit, or cannot be attached.
  TroubleMap others_;   ///< What TroublesOfOthers() returned last.
  Troubles troubles_;
  std::map<std::string, IndexTrouble> blocked_;  ///< From the last request to the engine.
  std::atomic<bool> ready_{false};
  std::int64_t kept_issued_ = 0;
  std::uint64_t looked_at_ = 0;
  std::string pulse_;           ///< At the last full check.
  std::string in_force_, run_;  ///< The definitions when the indexes were last ensured.
  std::string triggers_;        ///< When the tables were last attached.
  bool attached_ = false;       ///< The last check changed triggers.
  int looks_ = 0;
  mutable base::Mutex mutex_;
  std::string known_tables_ PGSLUICE_GUARDED_BY(mutex_);  ///< See KnowsTables().
};

}  // namespace pgsluice::sync
