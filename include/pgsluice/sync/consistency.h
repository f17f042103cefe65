#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/pg/pool.h"
#include "pgsluice/sync/index_set.h"
#include "pgsluice/sync/monitor.h"

namespace pgsluice::sync {

/// The work that a reader waits for: events, and the tasks of backfills and walks of some indexes.
struct Scope {
  /// They have to exist, and their tasks have to be done. Empty: wait for events alone.
  std::vector<std::string> indexes;
  /// pgsluice.source ids whose events concern none of these indexes.
  std::vector<std::int64_t> others;
  /// The index whose tasks count; empty: the one behind the alias.
  std::string physical;
  /// The tables that the index is made from, and what its names mean in them: see
  /// Catalog::LayoutSql(). Empty: do not wait for changes of tables.
  std::vector<std::int64_t> tables{};
  std::int64_t layout = 0;
  /// Tasks above the position count as well. A change of tables is noticed only after its commit,
  /// so the tasks that it causes have a later position.
  bool later_pieces = false;
  /// Those of `indexes` that have one table: whether their partitions and children are known yet is
  /// compared with Catalog::MembersSql().
  std::vector<std::string> trees{};
};

/// The scope of one index as the process knows it.
Scope ScopeOf(const IndexSet& set, const std::string& index);
/// The scope of all configured indexes, also of those that are broken.
Scope ScopeOf(const IndexSet& set);

/// What a reader still has to wait for.
struct Unfinished {
  bool future = false;               ///< No event has this position yet.
  bool events = false;               ///< Events at or below the position are waiting.
  std::vector<std::string> missing;  ///< Indexes that do not exist yet, or have to be filled again.
  std::vector<std::string> filling;  ///< Indexes with tasks at or below the position.
  bool tables = false;               ///< Tables were changed, and no process has checked them yet.
  bool any() const { return tables || events || !missing.empty() || !filling.empty(); }
};
Unfinished UnfinishedUpTo(pg::Session& session, std::int64_t position, const Scope& scope);

/// Returns the position that a token stands for. Throws Error(kReject) if it is not a token.
std::int64_t ParsePosition(const std::string& token);

/// Finds out how far the sync is, for readers that want to see a commit. Asks the database, because
/// several processes may share the outbox. So it also works in a process that only serves.
/// Thread-safe.
class Consistency {
 public:
  /// Returns the present scope; nullopt while the indexes are not known.
  using ScopeNow = std::function<std::optional<Scope>()>;

  /// Returns whether this process's indexes fit the tables that have this fingerprint of the
  /// catalog.
  using Knows = std::function<bool(const std::string&)>;

  /// `look` asks this process to check the tables now, if it can.
  Consistency(pg::Pool& pool, Monitor& monitor, std::function<void()> look = {})
      : pool_(pool), monitor_(monitor), look_(std::move(look)) {}

  /// Returns a token at or above every event that was committed before the call.
  std::string Position();
  /// Returns the indexes whose documents may be missing, because a first copy or a refill after a
  /// gap is running.
  std::set<std::string> Filling();
  /// Waits until every process that syncs, and this one, has checked the tables after their last
  /// change. Returns false if that takes until `deadline`. If true, WaitUntilApplied() knows what
  /// the changes need.
  bool WaitUntilLooked(const Knows& knows, std::chrono::steady_clock::time_point deadline);
  /// Waits until everything in `scope` at or below the token's position is written. Returns false
  /// if that takes until `deadline`. Throws Error(kReject) for text that is not a token, or for a
  /// token that Position() has not returned yet.
  bool WaitUntilApplied(const std::string& token, const ScopeNow& scope,
                        std::chrono::steady_clock::time_point deadline);
  bool WaitUntilApplied(const std::string& token, const Scope& scope,
                        std::chrono::steady_clock::time_point deadline) {
    return WaitUntilApplied(
        token, [&scope] { return std::optional(scope); }, deadline);
  }

  std::int64_t pending() const { return static_cast<std::int64_t>(monitor_.pending.value()); }
  std::int64_t lag_ms() const {
    return static_cast<std::int64_t>(monitor_.lag_seconds.value() * 1000);
  }

 private:
  pg::Pool& pool_;
  Monitor& monitor_;
  const std::function<void()> look_;
};

}  // namespace pgsluice::sync
