#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pgsluice/migrate/embedded_migrations.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::migrate {

/// A migration as the database knows it, or as this program does, or both.
struct MigrationState {
  int number = 0;
  std::string name;
  std::string applied_at;  ///< ISO 8601, UTC; empty: not applied.
  bool known = true;       ///< false: applied by a newer pgsluice.
  std::string content;     ///< Hash of the text that was applied; empty: applied by another tool.
  bool changed = false;    ///< Another text than this program's was applied, or it is not known.
};

/// Brings schema pgsluice into a database and out of it. Every file runs in a transaction of its
/// own and records itself in pgsluice.migrations, as it does when psql runs it. Several threads
/// (with a session each) and processes may do this at once. Call outside a transaction.
class Migrator {
 public:
  using Log = std::function<void(const std::string& line)>;
  using List = std::vector<Migration>;

  /// Applies what is missing and, again, what was applied with another text; returns the names.
  /// Warns if the session's role is a superuser. Waits for locks a few seconds at a time, so
  /// that nobody queues behind it for longer. Throws Error(kFatal) with the GRANT to run when the
  /// role may not, or when the database is newer than this program; Error(kRetry) when locks are
  /// not to be had within a minute or so.
  static std::vector<std::string> Up(pg::Session& session, const Log& log = {},
                                     const List& migrations = EmbeddedMigrations());

  /// Returns what Up() would apply and applies nothing. In a database without schema pgsluice,
  /// `then` is called as if it was there; everything is rolled back afterwards.
  static List Missing(pg::Session& session, const std::function<void()>& then,
                      const List& migrations = EmbeddedMigrations());

  /// All migrations that are known or applied, by number.
  static std::vector<MigrationState> Status(pg::Session& session,
                                            const List& migrations = EmbeddedMigrations());

  /// Detaches every table and drops schema pgsluice. False when there was none.
  static bool Down(pg::Session& session, const Log& log = {});

  /// The text of all migrations, for people who run them with other tools.
  static std::string PrintSql(const List& migrations = EmbeddedMigrations());

  /// Throws Error(kFatal), with a hint, unless exactly the known migrations are applied.
  static void CheckVersion(pg::Session& session, const List& migrations = EmbeddedMigrations());
};

}  // namespace pgsluice::migrate
