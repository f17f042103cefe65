#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/config.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/advisory_lock.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

struct IndexRecord;

/// Makes the engine's indexes match the plans: creates missing ones, adds new fields, detects
/// indexes that are foreign, replaced or incompatible, and creates the backfill tasks for what has
/// to be read. Saves the result in pgsluice.index_state, in the transaction that creates the tasks.
class IndexManager {
 public:
  IndexManager(const config::Config& config, engine::Engine& engine)
      : config_(config), engine_(engine) {}

  /// Returns what the alias points to now. Throws Error(kFatal) if the name belongs to an index
  /// that pgsluice did not create. Changes nothing.
  std::vector<std::string> CheckName(const plan::Plan& plan);

  /// Creates or changes one index. `descendants` are the oids of all partitions and children of its
  /// root tables. Call under an IndexLock. Throws Error(kFatal) if the name
  /// belongs to an index that pgsluice did not create, and Error(kRetry) if the engine cannot be
  /// reached.
  std::shared_ptr<const LiveIndex> Ensure(pg::Session& session,
                                          const std::shared_ptr<const plan::Plan>& plan,
                                          const std::vector<std::uint32_t>& descendants);

  /// Returns the index as it was saved last, without changing anything: for processes that only
  /// serve. Null if it was never created.
  std::shared_ptr<const LiveIndex> Remembered(pg::Session& session,
                                              const std::shared_ptr<const plan::Plan>& plan) const;

  /// Returns a broken index in its last working form, for searches: with the fields that its
  /// documents have. Null if the engine does not have that very index, or if a policy hides a field
  /// that these documents do not have (it may have another name in them).
  std::shared_ptr<const LiveIndex> Served(pg::Session& session, const config::Index& index) const;

  /// Returns `set` with the phases and reasons in pgsluice.index_state, which another process may
  /// have changed. Returns `set` itself if nothing changed.
  static std::shared_ptr<const IndexSet> WithPhases(pg::Session& session,
                                                    const std::shared_ptr<const IndexSet>& set);

  /// What putting `plan` in force would change: "new", "reindex", "refill", "mapping", "settings"
  /// or "nothing", and why. Tries it on an empty copy of the index; changes nothing else.
  struct Change {
    std::string what, reason;
  };
  Change Compare(pg::Session& session, const plan::Plan& plan);

  /// Whether every index of `set` is still the same physical index, and which are blocked. Costs
  /// one request to the engine per hundred indexes or so.
  struct Condition {
    bool intact = true;
    std::map<std::string, IndexTrouble> blocked;  ///< By plan name.
  };
  Condition Inspect(const IndexSet& set);
  bool Intact(const IndexSet& set) { return Inspect(set).intact; }

  std::string AliasOf(const plan::Plan& plan) const;

  /// Requests a reindex and returns the name of the index that will be created. A running reindex
  /// continues; a refused one is checked again. `keep_old` decides whether the present index is
  /// kept.
  std::string RequestReindex(pg::Session& session, const LiveIndex& index, bool keep_old);
  /// Ends a reindex in any state. Returns false if there is none. The unfinished index is deleted
  /// when no thread uses it any longer.
  static bool AbortReindex(pg::Session& session, const std::string& name);
  /// Saves why the new index is not put in place.
  static void RefuseReindex(pg::Session& session, const LiveIndex& index,
                            const std::string& reason);
  /// Returns whether the new index is complete and was not refused.
  static bool ReadyToFinish(pg::Session& session, const LiveIndex& index);
  /// Points the alias to the new index, unless that index was changed meanwhile. The old index is
  /// deleted when no thread uses it any longer.
  bool FinishReindex(pg::Session& session, const LiveIndex& index);

 private:
  using Record = IndexRecord;
  /// Inspects index by index, if the engine does not report all of them in one response.
  std::map<std::string, engine::IndexIdentity> AskEach(const IndexSet& set, Condition& condition);
  /// Returns whether another definition replaced ours and some process runs it. The definition that
  /// was put in force last wins, in whatever order processes start.
  bool Yields(pg::Session& session, const plan::Plan& plan, const Record& old) const;
  std::shared_ptr<LiveIndex> Live(const std::shared_ptr<const plan::Plan>& plan,
                                  const Record& state) const;
  /// Saves the state of the index, and creates the tasks for what has to be read.
  static void Store(pg::Session& session, const LiveIndex& live, const Record& old, Record& now,
                    bool ours);
  /// Returns whether the alias already points to the new index: the process that swapped it died
  /// before it could record that.
  bool IsInPlace(const Record& state, const std::vector<std::string>& targets);
  static void PutInPlace(pg::Session& session, const std::string& name,
                         const std::string& building);
  /// Creates the requested index. Creates it again if it was deleted or cannot take the mapping.
  void MakeBuilding(const plan::Plan& plan, const Record& old, Record& now);
  /// Requests a reindex if the index cannot be changed to fit the plan and the configuration allows
  /// it.
  void ReindexByItself(const plan::Plan& plan, Record& now);
  /// Logs what the index needed, or needs.
  void LogChange(const std::string& name, const Record& old, const Record& now) const;
  /// Sets the sources of the index's schemas. With `add`, creates the missing ones.
  static void FindSources(pg::Session& session, LiveIndex& live, bool add);
  /// Creates scans for new partitions, and a walk over the ids if a partition was removed.
  static void FollowPartitions(pg::Session& session, const LiveIndex& index, const Record& old,
                               const Record& now);
  std::string Create(const plan::Plan& plan, const std::string& alias,
                     const std::vector<std::string>& old, const std::string& building);
  /// Makes `physical` the only index behind the alias and deletes the others, which pgsluice
  /// created.
  void PointTo(const std::string& alias, const std::vector<std::string>& old,
               const std::string& physical);
  void CheckOwner(const std::string& alias, const std::string& physical) const;
  /// Returns the first "alias-00000N" after all existing names and `reserved`.
  std::string NextName(const std::string& alias, const std::string& reserved);
  std::string Uuid(const std::string& physical);
  std::string MappingHash(const plan::Plan& plan);
  /// Returns why the engine refuses a definition that the index cannot be changed to, even for a
  /// new index; empty if it accepts it. An accepted definition is not tried again.
  std::string Impossible(const plan::Plan& plan, const Record& state);
  bool WasImpossible(const std::string& name) const;
  void KeepPlan(pg::Session& session, const plan::Plan& plan);
  /// Returns the plan that the index was last written with; null if it is not known.
  std::shared_ptr<const plan::Plan> LastPlan(pg::Session& session,
                                             const config::Index& index) const;
  /// Returns "new fields: a; removed fields: b", compared with the existing documents.
  std::string FieldChanges(pg::Session& session, const plan::Plan& plan) const;
  /// Returns why an index with this mapping and these settings cannot be changed to fit the plan.
  std::string FitOfCopy(const plan::Plan& plan, const json::Value& mapping,
                        const json::Value& settings);
  /// Adds new fields to the mapping and changes settings. Returns why the index cannot be changed
  /// to fit the plan; empty if it can.
  std::string Fit(const plan::Plan& plan, const std::string& physical);
  /// Returns the engine's reason if it refuses.
  std::string FitSettings(const plan::Plan& plan, const std::string& physical,
                          const json::Value& made);
  std::string FitMapping(const std::string& physical, const std::string& mapping);
  std::string FitRouting(const plan::Plan& plan, const std::string& physical,
                         const json::Value& made);

  const config::Config& config_;
  engine::Engine& engine_;
  /// Shape and mapping of the plans that this process has put in force, by name.
  std::map<std::string, std::pair<std::string, std::string>> ensured_;
  /// The mapping that was tried last, and why the engine refused it; by index name.
  struct Tried {
    std::string mapping, refusal;
  };
  std::map<std::string, Tried> tried_;
  std::map<std::string, std::string> kept_plans_;  ///< As saved by this process.
};

/// Makes sure that one process at a time creates and changes indexes.
class IndexLock : private AdvisoryLock {
 public:
  explicit IndexLock(pg::Session& session) : AdvisoryLock(session, 2, Mode::kWait) {}
};

}  // namespace pgsluice::sync
