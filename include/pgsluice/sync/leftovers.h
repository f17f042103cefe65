#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pgsluice/engine/engine.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// Indexes and tables that are no longer configured and that no running process maintains.
struct Leftovers {
  struct Index {
    std::string name;
    std::vector<std::string> physical;  ///< Existing indexes that pgsluice created.
    std::int64_t dead_letters = 0;
  };
  struct Table {
    std::uint32_t oid = 0;
    std::string name;  ///< Its name when it was attached.
  };
  std::vector<Index> indexes;
  /// Attached tables that no configured index needs.
  std::vector<Table> tables;
  /// Configured indexes whose definitions do not fit, so that their tables are not known. If there
  /// are any, no table is listed.
  std::vector<std::string> misfits;

  bool empty() const { return indexes.empty() && tables.empty(); }
};

/// Finds leftovers. `planned` holds every index of the configuration. Changes nothing.
Leftovers FindLeftovers(pg::Session& session, engine::Engine& engine,
                        const std::vector<plan::Planned>& planned);

/// Removes them, from the engine first: if that fails halfway, FindLeftovers() still finds the
/// rest. Call under an IndexLock.
void RemoveLeftovers(pg::Session& session, engine::Engine& engine, const Leftovers& leftovers);

}  // namespace pgsluice::sync
