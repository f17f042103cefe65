#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pgsluice/engine/engine.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::sync {

/// What is left of indexes that are no longer configured, and that no running process maintains.
struct Leftovers {
  struct Index {
    std::string name;
    std::vector<std::string> physical;  ///< Indexes of the engine: ours, and still there.
    std::int64_t dead_letters = 0;
  };
  struct Table {
    std::uint32_t oid = 0;
    std::string name;  ///< As it was when it was attached.
  };
  std::vector<Index> indexes;
  /// Attached tables that no configured index needs.
  std::vector<Table> tables;
  /// Configured indexes whose tables are not known because their definitions do not fit: then no
  /// table is listed.
  std::vector<std::string> misfits;

  bool empty() const { return indexes.empty() && tables.empty(); }
};

/// `planned`: every index of the configuration. Changes nothing.
Leftovers FindLeftovers(pg::Session& session, engine::Engine& engine,
                        const std::vector<plan::Planned>& planned);

/// Removes them: first from the engine, so that what fails half-way is found again. Call under an
/// IndexLock.
void RemoveLeftovers(pg::Session& session, engine::Engine& engine, const Leftovers& leftovers);

}  // namespace pgsluice::sync
