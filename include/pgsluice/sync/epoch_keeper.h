#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pgsluice/engine/engine.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/sync/index_set.h"

namespace pgsluice::sync {

/// Keeps a copy of the epoch with each index, in `_meta` of its mapping. Without it, a database
/// that is restored to a time before the epoch was raised would use an epoch twice, and its
/// documents would lose against those in the indexes.
class EpochKeeper {
 public:
  explicit EpochKeeper(engine::Engine& engine) : engine_(engine) {}

  /// Call before documents of the set's generation are written, while holding the IndexLock,
  /// because raising the epoch also raises the generation. Writes the epoch to the indexes that
  /// have a lower one. If an index has a higher one, the database was restored: Keep() then raises
  /// the epoch above it, marks all indexes to be filled again, and returns true.
  bool Keep(pg::Session& session, const IndexSet& set);

 private:
  std::map<std::string, std::int64_t> Read(const std::vector<std::string>& indexes);
  void Write(const std::string& index, std::int64_t epoch);

  engine::Engine& engine_;
};

}  // namespace pgsluice::sync
