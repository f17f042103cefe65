#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_manager.h"
#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// Finishes a reindex: when all tasks of the new index are done, compares it with PostgreSQL and
/// swaps the alias, or records why not. Deletes indexes that are not used any longer. One process
/// at a time does this; if it is killed, the next one continues.
class Reindexer {
 public:
  Reindexer(const Shared& shared, pg::Session& session)
      : shared_(shared), session_(session), manager_(shared.config, shared.engine) {}

  /// Does one step. Call outside a transaction, when no session writes as of an older generation
  /// than the set's. Returns true if anything was done.
  bool Step(const IndexSet& set);

 private:
  bool Finish(const LiveIndex& index, int generation);
  /// Waits until everything committed up to now is applied. Returns false if that takes long.
  bool InStep();
  /// Returns why the new index cannot be put in place; empty if it can. Returns nullopt if changes
  /// do not pause, so that it cannot be decided now.
  std::optional<std::string> Objection(const LiveIndex& index);
  std::optional<std::string> CompareCounts(const LiveIndex& building);
  std::string CompareSample(const LiveIndex& building);
  std::int64_t CountRows(const LiveIndex& index);
  bool ClearUp();
  /// Returns false while the index is still in use.
  bool Remove(const std::string& name, const std::string& alias_of);

  const Shared& shared_;
  pg::Session& session_;
  IndexManager manager_;
};

/// Returns whether there is work for a Reindexer.
bool AnyToReindex(pg::Session& session, const IndexSet& set);

}  // namespace pgsluice::sync
