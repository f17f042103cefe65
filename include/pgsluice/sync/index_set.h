#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
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
  kBlocked,        ///< The engine refuses changes of this index.
  kNotConfigured,  ///< Left behind by an earlier configuration.
};
inline constexpr std::array kIndexPhases = {IndexPhase::kLive,         IndexPhase::kBackfilling,
                                            IndexPhase::kReindexing,   IndexPhase::kReindexNeeded,
                                            IndexPhase::kBroken,       IndexPhase::kBlocked,
                                            IndexPhase::kNotConfigured};
const char* Name(IndexPhase phase);
/// Returns the phase with this name; kLive for any other name.
IndexPhase PhaseOf(std::string_view name);

/// Where documents of a plan are written.
struct Target {
  std::string name;      ///< An alias.
  std::string physical;  ///< The index behind it.
};

/// Returns the alias under which the next index is written before it is put in place.
std::string BuildingAlias(const std::string& physical);

/// One index as the process knows it now. Immutable: a change creates a new object.
struct LiveIndex {
  std::shared_ptr<const plan::Plan> plan;
  std::string alias;            ///< With the configured prefix; what searches use.
  std::string physical;         ///< The index behind the alias: "projects-000001".
  std::string uuid;             ///< The engine's identity of `physical`.
  std::vector<Target> targets;  ///< The alias; while a reindex runs, the next index as well.
  int root_source = 0;          ///< The pgsluice.source id under which root keys are enqueued.
  IndexPhase phase = IndexPhase::kLive;
  std::string reason;    ///< Why reindex_needed, or the last error.
  bool filling = false;  ///< Documents may be missing: a first copy is not complete.
  /// Why the engine refuses this definition even for a new index; empty if it accepts it.
  std::string impossible;
  bool whole = true;  ///< False for one target of several: see Only().
  /// False while another process writes this index with another definition. Then `plan` only serves
  /// searches.
  bool in_force = true;

  /// The `root_source` of each member, for an index over many schemas.
  std::shared_ptr<const std::vector<int>> member_sources;

  /// Returns the index with the plan and source of one schema, for reading and writing its rows.
  LiveIndex Of(std::size_t member) const;
  /// Returns the index with this target alone, so that reads and writes go there.
  LiveIndex Only(const Target& target) const;
};

/// An index and one of its sources, whose events concern it: `plan->sources[source]`, in the plan
/// of `member` if the index covers many schemas.
struct Route {
  std::shared_ptr<const LiveIndex> index;
  std::size_t source = 0;
  std::optional<std::size_t> member = {};
};

/// Why one index does not match its definition.
struct IndexTrouble {
  IndexPhase state = IndexPhase::kBroken;  ///< Or kBlocked.
  std::string reason;                      ///< The cause.
  std::string remedy;                      ///< What to do.

  bool operator==(const IndexTrouble&) const = default;
};

/// All indexes at one moment, and how events lead to them.
struct IndexSet {
  std::map<std::string, std::shared_ptr<const LiveIndex>> indexes;  ///< By plan name.
  /// Configured indexes that are broken or blocked. A broken one may also be in `indexes` (it is
  /// written as far as possible), in `served`, or in neither.
  std::map<std::string, IndexTrouble> troubles;
  /// Broken indexes that are not written, but can be searched in their last working form.
  std::map<std::string, std::shared_ptr<const LiveIndex>> served;
  /// One per row of pgsluice.source, which has one for every list of columns that a table was ever
  /// captured with; events name its id.
  struct EventSource {
    std::uint32_t table = 0;
    std::vector<std::string> captured;
    std::vector<Route> routes;
    std::vector<std::string> others;  ///< Concerned indexes that other processes write.
  };
  std::map<int, EventSource> sources;
  outbox::Interest interest;
  /// The pgsluice.state.generation that this set was built for. A thread that writes documents
  /// checks in the same transaction that it is still the present one, because any process may raise
  /// it.
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
