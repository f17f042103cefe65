#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_manager.h"
#include "pgsluice/sync/shared.h"

namespace pgsluice::sync {

/// The end of a reindex: when all tasks of the index that is built are done, compares it with
/// PostgreSQL and puts it in place, or says why not. Deletes what is not used any more. One process
/// at a time does this; a killed one's work is done by the next.
class Reindexer {
 public:
  Reindexer(const Shared& shared, pg::Session& session)
      : shared_(shared), session_(session), manager_(shared.config, shared.engine) {}

  /// Call outside a transaction, when nobody writes as of an older generation than the set's. True
  /// when something was done.
  bool Step(const IndexSet& set);

 private:
  bool Finish(const LiveIndex& index, int generation);
  /// Waits until what was committed up to now is applied; false when that takes long.
  bool InStep();
  /// Why the index that was built cannot be put in place; empty: it can.
  /// Nothing: changes do not stop, so it cannot be decided now.
  std::optional<std::string> Objection(const LiveIndex& index);
  std::optional<std::string> CompareCounts(const LiveIndex& building);
  std::string CompareSample(const LiveIndex& building);
  std::int64_t CountRows(const LiveIndex& index);
  bool ClearUp();
  /// False while somebody uses it.
  bool Remove(const std::string& name, const std::string& alias_of);

  const Shared& shared_;
  pg::Session& session_;
  IndexManager manager_;
};

/// Whether there is something for a Reindexer to do.
bool AnyToReindex(pg::Session& session, const IndexSet& set);

}  // namespace pgsluice::sync
