#include <spdlog/fmt/fmt.h>

#include <ostream>

#include "app/commands/attach_tables.h"
#include "app/commands/commands.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/sync/attach.h"

namespace pgsluice::app {

namespace {

int Up(const Context& context, pg::Session& session) {
  const auto log = [&](const std::string& line) { context.err << line << '\n'; };
  const auto applied = migrate::Migrator::Up(session, log);
  if (applied.empty()) context.err << "schema pgsluice is up to date\n";
  if (context.invocation.Has("no-attach")) return kOk;
  const WantedTables wanted = WantedAttachments(context.config, {}, session, context.err);
  AttachAll(session, wanted.attachments, context.err);
  // Not an error: the service runs the other indexes and reports this one.
  if (wanted.misfits)
    context.err << "the tables of those indexes are not attached; all others are\n";
  return kOk;
}

/// Returns whether triggers are dropped first, because the present ones capture too little.
bool Drops(const std::string& sql) { return sql.find("DROP TRIGGER") != std::string::npos; }

/// Prints what `up` would run, and the locks that it takes.
int DryRun(const Context& context, pg::Session& session) {
  std::vector<plan::Attachment> attachments;
  if (!context.invocation.Has("no-attach")) {
    attachments = WantedAttachments(context.config, {}, session, context.err).attachments;
  }
  std::string tables;
  const auto missing = migrate::Migrator::Missing(session, [&] {
    for (const plan::Attachment& attachment : attachments) {
      const std::string sql = sync::AttachSql(session, attachment);
      if (sql.empty()) continue;
      tables += fmt::format(
          "\n-- attach {0}\n-- lock: {1} on {0} until the end of this transaction; gives up after "
          "2 s "
          "and tries again\n{2}",
          attachment.table_name,
          Drops(sql) ? "ACCESS EXCLUSIVE (blocks readers and writers)"
                     : "SHARE ROW EXCLUSIVE (blocks writers, not readers)",
          AttachScript(sql));
    }
  });
  if (missing.empty() && tables.empty()) {
    context.out << "-- nothing to do: schema pgsluice is up to date, all tables are attached\n";
    return kOk;
  }
  if (!missing.empty()) {
    context.out << "-- locks: only objects of schema pgsluice, none of your tables\n"
                << migrate::Migrator::PrintSql(missing);
  }
  context.out << tables;
  return kOk;
}

int Status(const Context& context, pg::Session& session) {
  const auto states = migrate::Migrator::Status(session);
  if (context.invocation.Has("json")) {
    json::ArrayPtr list = json::Items();
    for (const migrate::MigrationState& state : states) {
      list->add(json::Members(
          {{"number", state.number},
           {"name", state.name},
           {"applied_at", state.applied_at.empty() ? json::Built() : json::Built(state.applied_at)},
           {"known", state.known},
           {"changed", state.changed}}));
    }
    context.out << json::ToText(list) << '\n';
    return kOk;
  }
  for (const migrate::MigrationState& state : states) {
    context.out << state.name << ": "
                << (state.applied_at.empty() ? "not applied" : "applied " + state.applied_at)
                << (state.known ? "" : " (by a newer pgsluice)")
                << (!state.changed ? ""
                    : state.content.empty()
                        ? " (by another tool; migrate up applies it again)"
                        : " (another version of it; migrate up applies this one)")
                << '\n';
  }
  return kOk;
}

int Down(const Context& context, pg::Session& session) {
  const auto log = [&](const std::string& line) { context.err << line << '\n'; };
  const bool removed = migrate::Migrator::Down(session, log);
  context.err << (removed ? "pgsluice is removed from the database\n"
                          : "pgsluice was not in the database\n");
  return kOk;
}

}  // namespace

int RunMigrate(const Context& context) {
  const std::string& what = context.invocation.subcommand;
  if (what == "print") {
    context.out << migrate::Migrator::PrintSql();
    return kOk;
  }
  if (what == "down" && !context.invocation.Has("yes")) {
    throw UsageError("this would remove all triggers, waiting events and schema pgsluice",
                     "pgsluice migrate down --yes does it");
  }
  pg::Session session({.url = context.config.database.url});
  if (what == "status") return Status(context, session);
  if (what == "down") return Down(context, session);
  if (context.invocation.Has("dry-run")) return DryRun(context, session);
  return Up(context, session);
}

}  // namespace pgsluice::app
