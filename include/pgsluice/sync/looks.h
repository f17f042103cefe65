#pragma once

#include <string>

#include "pgsluice/pg/session.h"

/// Changes of tables (new columns, swapped tables, removed triggers) take effect once the running
/// processes have checked the catalog. Each process records in pgsluice.process which state of the
/// tables its indexes fit, and clears the record while it changes from one state to the next. So a
/// reader sees, without asking a process, whether every committed change was checked. What a check
/// leads to (a refill, a walk) is in the database before the check is recorded.
namespace pgsluice::sync {

/// SQL of a query for a number that differs if our triggers differ.
inline constexpr const char* kTriggersSql = R"sql(
  SELECT sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
           ROW(tgrelid, tgname, tgenabled, t.xmin::text), 2), 0))
  FROM pg_catalog.pg_trigger t WHERE tgname LIKE 'pgsluice\_%')sql";

/// Returns the text under which a state of the tables is recorded. `triggers` is the result of
/// kTriggersSql.
std::string StateOfTables(const std::string& fingerprint, const std::string& triggers);

/// Which processes have checked the present state of the tables.
struct Looks {
  std::string fingerprint;  ///< Of the catalog.
  bool all = false;         ///< Every running process has; true if none runs.
  bool last = false;        ///< The process that checked last has; it may have stopped since.
  bool anybody = false;     ///< Some process runs.
  /// Returns whether every change of tables was checked.
  bool done() const { return all && (last || anybody); }
};
Looks ReadLooks(pg::Session& session);

}  // namespace pgsluice::sync
