#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pgsluice/migrate/embedded_migrations.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::migrate {

/// The state of a migration in the database, in this program, or in both.
struct MigrationState {
  int number = 0;
  std::string name;
  std::string applied_at;  ///< ISO 8601, UTC; empty: not applied.
  bool known = true;       ///< false: applied by a newer pgsluice.
  std::string content;     ///< Hash of the text that was applied; empty: applied by another tool.
  /// A text other than this program's was applied, or it is not known which.
  bool changed = false;
};

/// Creates schema pgsluice in a database, updates it and removes it. Each file runs in its own
/// transaction and records itself in pgsluice.migrations, also if psql runs it. Several threads
/// (with a session each) and processes may do this at the same time. Call outside a transaction.
class Migrator {
 public:
  using Log = std::function<void(const std::string& line)>;
  using List = std::vector<Migration>;

  /// Applies missing migrations, and again those that were applied with another text. Returns their
  /// names. Warns if the session's role is a superuser. Waits for locks only a few seconds at a
  /// time, so that no session queues behind it for longer. Throws Error(kFatal) with the GRANT to
  /// run if the role lacks a right, or if the database is newer than this program; throws
  /// Error(kRetry) if the locks cannot be taken within about a minute.
  static std::vector<std::string> Up(pg::Session& session, const Log& log = {},
                                     const List& migrations = EmbeddedMigrations());

  /// Returns what Up() would apply, without applying it. In a database without schema pgsluice,
  /// calls `then` as if it existed; everything is rolled back afterwards.
  static List Missing(pg::Session& session, const std::function<void()>& then,
                      const List& migrations = EmbeddedMigrations());

  /// Returns all migrations that are known or applied, by number.
  static std::vector<MigrationState> Status(pg::Session& session,
                                            const List& migrations = EmbeddedMigrations());

  /// Detaches every table and drops schema pgsluice. Returns false if there was none.
  static bool Down(pg::Session& session, const Log& log = {});

  /// Returns the text of all migrations, for people who run them with other tools.
  static std::string PrintSql(const List& migrations = EmbeddedMigrations());

  /// Throws Error(kFatal) with a hint unless exactly the known migrations are applied.
  static void CheckVersion(pg::Session& session, const List& migrations = EmbeddedMigrations());
};

}  // namespace pgsluice::migrate
