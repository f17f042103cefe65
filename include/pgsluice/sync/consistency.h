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
  /// They have to exist, and their tasks to be done. Empty: events alone are waited for.
  std::vector<std::string> indexes;
  /// pgsluice.source ids whose events concern none of these indexes.
  std::vector<std::int64_t> others;
  /// The index whose tasks count; empty: the one in place.
  std::string physical;
  /// The tables that the index is made from, and what its names mean in them: see
  /// Catalog::LayoutSql(). Empty: a change of them is not waited for.
  std::vector<std::int64_t> tables{};
  std::int64_t layout = 0;
  /// Later tasks count as well: a change of tables is looked at after it was committed, and what
  /// it leads to has the position of the look.
  bool later_pieces = false;
};

/// The scope of one index as the process knows it.
Scope ScopeOf(const IndexSet& set, const std::string& index);
/// The scope of all configured indexes, also of those that are broken.
Scope ScopeOf(const IndexSet& set);

/// What a reader still has to wait for.
struct Unfinished {
  bool future = false;               ///< The position was not given to anything yet.
  bool events = false;               ///< At or below it.
  std::vector<std::string> missing;  ///< Indexes that were not made, or have to be filled again.
  std::vector<std::string> filling;  ///< Indexes with tasks at or below it.
  bool tables = false;               ///< Tables were changed, and nobody has looked at that yet.
  bool any() const { return tables || events || !missing.empty() || !filling.empty(); }
};
Unfinished UnfinishedUpTo(pg::Session& session, std::int64_t position, const Scope& scope);

/// The position that a token names. Throws Error(kReject).
std::int64_t ParsePosition(const std::string& token);

/// How far the sync is, for readers that want to see a commit. Works in the process that syncs and
/// in one that only serves: it asks the database, because several processes may share the outbox.
/// Thread-safe.
class Consistency {
 public:
  /// Returns the scope as it is now; nullopt while the indexes are not known.
  using ScopeNow = std::function<std::optional<Scope>()>;

  /// Whether this process's indexes fit the tables as they are at a fingerprint of the catalog.
  using Knows = std::function<bool(const std::string&)>;

  /// `look` asks this process to look at the tables, if it can.
  Consistency(pg::Pool& pool, Monitor& monitor, std::function<void()> look = {})
      : pool_(pool), monitor_(monitor), look_(std::move(look)) {}

  /// A token at or above every event committed before the call.
  std::string Position();
  /// Indexes whose documents may be missing: a first copy, or a refill after a gap, is under way.
  std::set<std::string> Filling();
  /// Waits until the processes that sync, and this one, have looked at every change of tables, at
  /// most until `deadline`; false if that passed. What the changes need is known to
  /// WaitUntilApplied() then.
  bool WaitUntilLooked(const Knows& knows, std::chrono::steady_clock::time_point deadline);
  /// Waits until everything at or below the token is written that `scope` names, at most until
  /// `deadline`; false if that passed. Throws Error(kReject) for something that is not a token, or
  /// one that position() has not returned yet.
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
