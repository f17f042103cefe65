#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/base/mutex.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// What an index is doing, as `status` names it.
enum class IndexPhase {
  kLive,
  kBackfilling,
  kReindexing,
  kReindexNeeded,
  kBroken,         ///< The definition does not fit the tables or the engine.
  kBlocked,        ///< The engine takes no changes of this index.
  kNotConfigured,  ///< Left behind by an earlier configuration.
};
inline constexpr std::array kIndexPhases = {IndexPhase::kLive,         IndexPhase::kBackfilling,
                                            IndexPhase::kReindexing,   IndexPhase::kReindexNeeded,
                                            IndexPhase::kBroken,       IndexPhase::kBlocked,
                                            IndexPhase::kNotConfigured};
const char* Name(IndexPhase phase);
/// The phase that is named so; kLive for any other name.
IndexPhase PhaseOf(std::string_view name);

/// Where documents of a plan are written.
struct Target {
  std::string name;      ///< An alias.
  std::string physical;  ///< The index that it stands for.
};

/// The alias under which an index is written that is not in place yet.
std::string BuildingAlias(const std::string& physical);

/// One index as the process knows it now. Immutable; a change makes a new one.
struct LiveIndex {
  std::shared_ptr<const plan::Plan> plan;
  std::string alias;            ///< With the configured prefix; what searches use.
  std::string physical;         ///< The index behind the alias: "projects-000001".
  std::string uuid;             ///< The engine's identity of `physical`.
  std::vector<Target> targets;  ///< The alias; while a reindex runs, the next index as well.
  int root_source = 0;          ///< The pgsluice.source id under which root keys are enqueued.
  IndexPhase phase = IndexPhase::kLive;
  std::string reason;    ///< Why reindex_needed, or what went wrong last.
  bool filling = false;  ///< Documents may be missing: a first copy is not complete.
  /// Why the engine does not take this definition, not even for a new index; empty if it does.
  std::string impossible;
  bool whole = true;  ///< False for one target of several: see Only().
  /// False while another process writes this index by another definition: then `plan` only serves
  /// searches.
  bool in_force = true;

  /// The index as it would be with this target alone: reads and writes go there.
  LiveIndex Only(const Target& target) const;
};

/// A table whose events concern an index: `plan->sources[source]`.
struct Route {
  std::shared_ptr<const LiveIndex> index;
  std::size_t source = 0;
};

/// Why one index is not what its definition wants.
struct IndexTrouble {
  IndexPhase state = IndexPhase::kBroken;  ///< Or kBlocked.
  std::string reason;                      ///< The cause.
  std::string remedy;                      ///< What to do.

  bool operator==(const IndexTrouble&) const = default;
};

/// All indexes at one moment, and the way from an event to them.
struct IndexSet {
  std::map<std::string, std::shared_ptr<const LiveIndex>> indexes;  ///< By plan name.
  /// Configured indexes that are broken or blocked. A broken one may be in `indexes` as well (it is
  /// written as far as possible), or in `served`, or in neither.
  std::map<std::string, IndexTrouble> troubles;
  /// Broken indexes that nobody writes, but that can be searched as they were last.
  std::map<std::string, std::shared_ptr<const LiveIndex>> served;
  /// Every captured list a table ever had has a row in pgsluice.source; events name it.
  struct EventSource {
    std::uint32_t table = 0;
    std::vector<std::string> captured;
    std::vector<Route> routes;
    std::vector<std::string> others;  ///< Indexes that other processes write, and that it concerns.
  };
  std::map<int, EventSource> sources;
  outbox::Interest interest;
  /// pgsluice.state.generation of this picture. A thread that writes documents asks the database,
  /// in the transaction that does it, whether it is still the present one: that holds for all
  /// processes.
  int generation = -1;
};

/// Hands out the current IndexSet. Thread-safe.
class IndexRegistry {
 public:
  std::shared_ptr<const IndexSet> Current() const;
  void Replace(std::shared_ptr<const IndexSet> set);

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<const IndexSet> set_ PGSLUICE_GUARDED_BY(mutex_) = std::make_shared<IndexSet>();
};

}  // namespace pgsluice::sync
