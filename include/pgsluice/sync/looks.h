#pragma once

#include <string>

#include "pgsluice/pg/session.h"

/// Changes of tables (new columns, swapped tables, triggers taken away) take effect when the
/// running processes have looked at the catalog. Each records in pgsluice.process which state of
/// the tables its indexes fit, and nothing while it goes from one to the next. So a reader sees,
/// without asking a process, whether every change committed until now was looked at. What follows
/// from a look (a refill, a walk) is in the database before the look is recorded.
namespace pgsluice::sync {

/// SQL of a query for a number that differs whenever our triggers do.
inline constexpr const char* kTriggersSql = R"sql(
  SELECT sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(
           ROW(tgrelid, tgname, tgenabled, t.xmin::text), 2), 0))
  FROM pg_catalog.pg_trigger t WHERE tgname LIKE 'pgsluice\_%')sql";

/// How a state of the tables is recorded. `triggers` is the result of kTriggersSql.
std::string StateOfTables(const std::string& fingerprint, const std::string& triggers);

/// Which processes have looked at the tables as they are now.
struct Looks {
  std::string fingerprint;  ///< Of the catalog.
  bool all = false;         ///< Every process that runs; true if none does.
  bool last = false;        ///< The process that looked last, which may have stopped since.
  bool anybody = false;     ///< Some process runs.
  /// Every change of tables was looked at.
  bool done() const { return all && (last || anybody); }
};
Looks ReadLooks(pg::Session& session);

}  // namespace pgsluice::sync
