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

/// Brings the engine's indexes to what the plans want: makes missing ones, adds new fields, notices
/// foreign, replaced and incompatible ones, and creates the backfill tasks for what has to be
/// read. What it did is remembered in pgsluice.index_state, in the transaction that creates the
/// tasks.
class IndexManager {
 public:
  IndexManager(const config::Config& config, engine::Engine& engine)
      : config_(config), engine_(engine) {}

  /// What the alias points to now. Throws Error(kFatal) when the name is taken by an index that is
  /// not ours. Changes nothing.
  std::vector<std::string> CheckName(const plan::Plan& plan);

  /// One index. Call under an IndexLock. Throws Error(kFatal) when the name is taken
  /// by an index that is not ours; Error(kRetry) when the engine cannot be reached.
  std::shared_ptr<const LiveIndex> Ensure(pg::Session& session,
                                          const std::shared_ptr<const plan::Plan>& plan,
                                          const catalog::Table& root);

  /// The index as remembered, changing nothing: for processes that only serve. Null when it was
  /// never made.
  std::shared_ptr<const LiveIndex> Remembered(pg::Session& session,
                                              const std::shared_ptr<const plan::Plan>& plan) const;

  /// A broken index as it was last, to be searched: by the fields that its documents have, and only
  /// if the engine still has that very index. Null if there is none, or if a policy hides a field
  /// that these documents do not have (it may have another name in them).
  std::shared_ptr<const LiveIndex> Served(pg::Session& session, const config::Index& index) const;

  /// `set` with the phases and reasons in pgsluice.index_state, which another process may
  /// have changed. Returns `set` itself if nothing changed.
  static std::shared_ptr<const IndexSet> WithPhases(pg::Session& session,
                                                    const std::shared_ptr<const IndexSet>& set);

  /// What putting `plan` in force would change: "new", "reindex", "refill", "mapping", "settings"
  /// or "nothing", and why. Tries it on a copy of the index without documents; changes nothing
  /// else.
  struct Change {
    std::string what, reason;
  };
  Change Compare(pg::Session& session, const plan::Plan& plan);

  /// Whether every index of `set` is still the one it was, and which are blocked: one request to
  /// the engine for every hundred or so.
  struct Condition {
    bool intact = true;
    std::map<std::string, IndexTrouble> blocked;  ///< By plan name.
  };
  Condition Inspect(const IndexSet& set);
  bool Intact(const IndexSet& set) { return Inspect(set).intact; }

  std::string AliasOf(const plan::Plan& plan) const;

  /// Asks for a reindex: the name of the index that will be made. One that is under way goes on;
  /// one that was refused is checked again. `keep_old` says what becomes of the present index.
  std::string RequestReindex(pg::Session& session, const LiveIndex& index, bool keep_old);
  /// Ends a reindex, whatever its state; false when there is none. The index goes when nobody uses
  /// it any more.
  static bool AbortReindex(pg::Session& session, const std::string& name);
  /// Remembers why the index that was built is not put in place.
  static void RefuseReindex(pg::Session& session, const LiveIndex& index,
                            const std::string& reason);
  /// Whether the index that is built is complete, and not refused.
  static bool ReadyToFinish(pg::Session& session, const LiveIndex& index);
  /// Points the alias to the index that was built, unless something happened to it meanwhile. The
  /// old one goes when nobody uses it any more.
  bool FinishReindex(pg::Session& session, const LiveIndex& index);

 private:
  struct Record;
  /// Inspect() index by index, because the engine does not tell about all of them in one answer.
  std::map<std::string, engine::IndexIdentity> AskEach(const IndexSet& set, Condition& condition);
  Record Load(pg::Session& session, const std::string& name) const;
  /// Whether a definition that replaced ours is in force and some process runs it. The last one
  /// that was put in force stands, in whatever order processes start.
  bool Yields(pg::Session& session, const plan::Plan& plan, const Record& old) const;
  std::shared_ptr<LiveIndex> Live(const std::shared_ptr<const plan::Plan>& plan,
                                  const Record& state) const;
  /// Saves what became of the index, with the tasks of what has to be read.
  static void Store(pg::Session& session, const LiveIndex& live, const Record& old, Record& now,
                    bool ours);
  /// The alias already points to the index that was built: the process that swapped it died before
  /// it recorded that.
  bool IsInPlace(const Record& state, const std::vector<std::string>& targets);
  static void PutInPlace(pg::Session& session, const std::string& name,
                         const std::string& building);
  /// Makes the index that was asked for, or makes it again when it is gone or cannot take the
  /// mapping.
  void MakeBuilding(const plan::Plan& plan, const Record& old, Record& now);
  /// Asks for a reindex when the index cannot become what the plan wants and the configuration
  /// allows it.
  void ReindexByItself(const plan::Plan& plan, Record& now);
  /// Says what the index needed, or needs.
  void LogChange(const std::string& name, const Record& old, const Record& now) const;
  /// Partitions that came are scanned; when one went, the ids of the index are walked.
  static void FollowPartitions(pg::Session& session, const LiveIndex& index, const Record& old,
                               const Record& now);
  std::string Create(const plan::Plan& plan, const std::string& alias,
                     const std::vector<std::string>& old, const std::string& building);
  /// Makes `physical` the only index behind the alias and deletes the others, which are ours.
  void PointTo(const std::string& alias, const std::vector<std::string>& old,
               const std::string& physical);
  void CheckOwner(const std::string& alias, const std::string& physical) const;
  /// The first "alias-00000N" behind all that there are and `reserved`.
  std::string NextName(const std::string& alias, const std::string& reserved);
  std::string Uuid(const std::string& physical);
  std::string MappingHash(const plan::Plan& plan);
  /// Why the engine refuses the definition of an index that cannot become what it wants, even for
  /// a new one; empty if it does not. What was accepted is not tried again.
  std::string Impossible(const plan::Plan& plan, const Record& state);
  bool WasImpossible(const std::string& name) const;
  void KeepPlan(pg::Session& session, const plan::Plan& plan);
  /// The fields that the index was last written with; null if they are not known.
  std::shared_ptr<const plan::Plan> LastPlan(pg::Session& session,
                                             const config::Index& index) const;
  /// "new fields: a; fields that go: b", against the documents there are.
  std::string FieldChanges(pg::Session& session, const plan::Plan& plan) const;
  /// Why an index with this mapping and these settings cannot become what the plan wants.
  std::string FitOfCopy(const plan::Plan& plan, const json::Value& mapping,
                        const json::Value& settings);
  /// Adds new fields to the mapping and changes settings; empty, or why the index cannot become
  /// what the plan wants.
  std::string Fit(const plan::Plan& plan, const std::string& physical);
  /// The engine's reason when it refuses.
  std::string FitSettings(const plan::Plan& plan, const std::string& physical,
                          const json::Value& made);
  std::string FitMapping(const std::string& physical, const std::string& mapping);
  std::string FitRouting(const plan::Plan& plan, const std::string& physical,
                         const json::Value& made);

  const config::Config& config_;
  engine::Engine& engine_;
  /// Shape and mapping of the plans that this process has put in force, by name.
  std::map<std::string, std::pair<std::string, std::string>> ensured_;
  /// The mapping that was tried last, and why the engine refused it; by name.
  struct Tried {
    std::string mapping, refusal;
  };
  std::map<std::string, Tried> tried_;
  std::map<std::string, std::string> kept_plans_;  ///< As recorded by this process.
};

/// One process at a time makes and changes indexes.
class IndexLock : private AdvisoryLock {
 public:
  explicit IndexLock(pg::Session& session) : AdvisoryLock(session, 2, Mode::kWait) {}
};

}  // namespace pgsluice::sync
