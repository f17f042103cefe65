#include "pgsluice/migrate/migrator.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "migrate/migrate_sql.h"
#include "pgsluice/base/digest.h"
#include "pgsluice/base/error.h"
#include "pgsluice/pg/lock_retry.h"
#include "pgsluice/pg/sql_error.h"

namespace pgsluice::migrate {

namespace {

constexpr const char* kRunUp = "run 'pgsluice migrate up'";

void Say(const Migrator::Log& log, const std::string& line) {
  if (log) log(line);
}

/// Runs `work` in a transaction while no other migration runs.
void WithLocks(pg::Session& session, const std::string& what, const Migrator::Log& log,
               const std::function<void()>& work) {
  const auto waiting = [&](const std::string& line) { Say(log, line); };
  pg::RetryForLock(what, waiting, [&] {
    pg::Transaction transaction(session);
    session.Exec(sql::kTimeouts);
    if (session.Exec(sql::kHasTable).Bool(0, 0)) session.Exec(sql::kLock);
    work();
    transaction.Commit();
  });
}

/// Reports that a statement of `what` failed, and which role lacks which right if that was the
/// reason. Must not be called in the failed transaction.
[[noreturn]] void ThrowFailed(pg::Session& session, const std::string& what,
                              const pg::SqlError& error) {
  std::string hint;
  if (error.sqlstate() == "42501") {
    const pg::Result who = session.Exec(sql::kWhoAndWhere);
    const std::string owner(who.Text(0, 2));
    hint = owner.empty()
               ? fmt::format("as owner of the database: GRANT CREATE ON DATABASE {} TO {}",
                             who.Text(0, 1), who.Text(0, 0))
               : fmt::format("use the role {}, or: GRANT {} TO {}", owner, owner, who.Text(0, 0));
  }
  throw Error(Disposition::kFatal, fmt::format("{}: {}", what, error.what()), hint);
}

void RefuseNewer(const std::vector<MigrationState>& states) {
  for (const MigrationState& state : states) {
    if (state.known) continue;
    throw Error(
        Disposition::kFatal,
        fmt::format("the database has migration {}, which this pgsluice does not know", state.name),
        "use a pgsluice that is at least as new as the one that migrated the database");
  }
}

std::vector<MigrationState> Read(pg::Session& session, const Migrator::List& migrations) {
  std::map<int, MigrationState> states;
  for (const Migration& migration : migrations) {
    states[migration.number] = {migration.number, migration.name, "", true, "", false};
  }
  if (session.Exec(sql::kHasTable).Bool(0, 0)) {
    const pg::Result rows = session.Exec(sql::kApplied);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      const int number = static_cast<int>(rows.Int(row, 0));
      MigrationState& state = states[number];
      if (state.number == 0) state = {number, std::string(rows.Text(row, 1)), "", false, "", false};
      state.applied_at = rows.Text(row, 2);
      state.content = rows.Text(row, 3);
    }
  }
  std::vector<MigrationState> list;
  for (const Migration& migration : migrations) {
    MigrationState& state = states[migration.number];
    state.changed = !state.applied_at.empty() && state.content != base::Sha256(migration.sql);
  }
  for (auto& [number, state] : states) list.push_back(std::move(state));
  return list;
}

bool IsApplied(const std::vector<MigrationState>& states, int number) {
  return std::any_of(states.begin(), states.end(), [&](const MigrationState& state) {
    return state.number == number && !state.applied_at.empty() && !state.changed;
  });
}

/// Returns false if another session applied it while we waited for the lock.
bool Apply(pg::Session& session, const Migration& migration) {
  if (IsApplied(Read(session, {migration}), migration.number)) return false;
  session.Exec(migration.sql);
  if (!session.Exec(sql::kHasContent).Bool(0, 0)) session.Exec(sql::kAddContent);
  session.Exec(sql::kSetContent, {std::to_string(migration.number), base::Sha256(migration.sql)});
  return true;
}

/// Warns because the triggers' functions run with the rights of the role that migrates.
void WarnOfSuperuser(pg::Session& session, const Migrator::Log& log) {
  const pg::Result super = session.Exec(sql::kIsSuperuser);
  if (super.rows() == 0 || !super.Bool(0, 0)) return;
  Say(log,
      "warning: this role is a superuser, and the functions behind the triggers will run with its "
      "rights; migrate with a role that owns schema pgsluice and nothing else (docs/roles.sql)");
}

}  // namespace

std::vector<MigrationState> Migrator::Status(pg::Session& session, const List& migrations) {
  try {
    return Read(session, migrations);
  } catch (const pg::SqlError& error) {
    ThrowFailed(session, "cannot read pgsluice.migrations", error);
  }
}

std::vector<std::string> Migrator::Up(pg::Session& session, const Log& log,
                                      const List& migrations) {
  const std::vector<MigrationState> before = Status(session, migrations);
  RefuseNewer(before);
  WarnOfSuperuser(session, log);
  std::vector<std::string> applied;
  for (const Migration& migration : migrations) {
    if (IsApplied(before, migration.number)) continue;
    const std::string what = "migration " + migration.name;
    bool done = false;
    try {
      WithLocks(session, what, log, [&] { done = Apply(session, migration); });
    } catch (const pg::SqlError& error) {
      // Another session created the schema at the same moment.
      const bool too_late =
          error.sqlstate() == "23505" && IsApplied(Read(session, {migration}), migration.number);
      if (!too_late) ThrowFailed(session, what, error);
    }
    if (!done) continue;
    applied.push_back(migration.name);
    Say(log, "applied " + migration.name);
  }
  if (!applied.empty() && session.Exec(sql::kHasGrants).Bool(0, 0)) session.Exec(sql::kGrant);
  return applied;
}

Migrator::List Migrator::Missing(pg::Session& session, const std::function<void()>& then,
                                 const List& migrations) {
  const std::vector<MigrationState> states = Status(session, migrations);
  RefuseNewer(states);
  List missing;
  for (const Migration& migration : migrations) {
    if (!IsApplied(states, migration.number)) missing.push_back(migration);
  }
  if (session.Exec(sql::kHasSchema).Bool(0, 0)) {
    then();
    return missing;
  }
  try {
    const pg::Transaction rolled_back(session);
    session.Exec(sql::kTimeouts);
    for (const Migration& migration : missing) Apply(session, migration);
    then();
  } catch (const pg::SqlError& error) {
    ThrowFailed(session, "migrate up", error);
  }
  return missing;
}

bool Migrator::Down(pg::Session& session, const Log& log) {
  if (!session.Exec(sql::kHasSchema).Bool(0, 0)) return false;
  try {
    if (session.Exec(sql::kHasDetach).Bool(0, 0)) {
      // One table at a time, so that no table stays locked while the next one is awaited.
      const pg::Result attached = session.Exec(sql::kAttached);
      for (std::size_t row = 0; row < attached.rows(); ++row) {
        const std::string table(attached.Text(row, 1));
        WithLocks(session, "detaching " + table, log,
                  [&] { session.Exec(sql::kDetach, {std::string(attached.Text(row, 0))}); });
        Say(log, "detached " + table);
      }
    }
    WithLocks(session, "dropping schema pgsluice", log,
              [&] { session.Exec("DROP SCHEMA IF EXISTS pgsluice CASCADE"); });
  } catch (const pg::SqlError& error) {
    ThrowFailed(session, "migrate down", error);
  }
  Say(log, "dropped schema pgsluice");
  return true;
}

std::string Migrator::PrintSql(const List& migrations) {
  std::string text;
  for (const Migration& migration : migrations) {
    if (!text.empty()) text += '\n';
    text += fmt::format("-- migrations/{}.sql\n{}", migration.name, migration.sql);
    if (text.back() != '\n') text += '\n';
  }
  return text;
}

void Migrator::CheckVersion(pg::Session& session, const List& migrations) {
  const std::vector<MigrationState> states = Status(session, migrations);
  RefuseNewer(states);
  std::string missing;
  bool any = false;
  for (const MigrationState& state : states) {
    any = any || !state.applied_at.empty();
    if (state.applied_at.empty() && missing.empty()) missing = state.name;
  }
  if (missing.empty()) return;
  const std::string database(session.Exec(sql::kWhoAndWhere).Text(0, 1));
  throw Error(
      Disposition::kFatal,
      any ? fmt::format("database {} is only partly migrated: {} is missing", database, missing)
          : fmt::format("database {} is not migrated", database),
      kRunUp);
}

}  // namespace pgsluice::migrate
