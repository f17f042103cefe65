#pragma once

#include <string>
#include <vector>

#include "pgsluice/sync/index_manager.h"

namespace pgsluice::sync {

/// A row of pgsluice.index_state.
struct IndexManager::Record {
  std::string physical, uuid, config_hash, mapping;
  std::vector<std::string> relations;  ///< oids of partitions and children.
  std::string root_source, state, reason;
  std::string building;       ///< The next physical index while a reindex runs.
  std::string building_uuid;  ///< Empty until the index is created.
  std::string refused;        ///< Why the last reindex did not swap the alias.

  bool operator==(const Record&) const = default;

  const char* StateName(bool filling) const {
    if (filling) return "backfilling";
    if (!building.empty() && refused.empty()) return "reindexing";
    return reason.empty() && refused.empty() ? "live" : "reindex_needed";
  }
};

}  // namespace pgsluice::sync
