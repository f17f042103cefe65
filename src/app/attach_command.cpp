#include <algorithm>
#include <ostream>
#include <thread>

#include "attach_tables.h"
#include "commands.h"
#include "pgsluice/base/backoff.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/document/plan.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/pg/sql_error.h"

namespace pgsluice::app {

namespace {

constexpr int kAttempts = 30;  // Of two seconds each: pgsluice.attach's lock_timeout.

std::string TextArray(const std::vector<std::string>& texts) {
  std::string out = "{";
  for (const std::string& text : texts) {
    out += out.size() > 1 ? ",\"" : "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + '}';
}

/// Calls a function of schema pgsluice with the arguments of attach().
pg::Result Call(pg::Session& session, const std::string& function,
                const document::Attachment& attachment) {
  const pg::Param watched =
      attachment.watched.empty() ? pg::Param() : pg::Param(TextArray(attachment.watched));
  return session.ExecParams(
      "SELECT pgsluice." + function + "($1::oid::regclass, $2, $3)",
      {std::to_string(attachment.table), watched, TextArray(attachment.captured)});
}

/// The server's message without its CONTEXT, which holds all of the SQL.
Error Forbidden(const std::string& table, const std::string& message) {
  return Error(Disposition::kFatal, table + ": " + message.substr(0, message.find(" CONTEXT:")),
               "use the owner of the table, or as owner: GRANT TRIGGER ON " + table +
                   " TO the role that pgsluice uses");
}

/// `change` on one table, again and again while its lock cannot be had.
template <typename Change>
void WithLock(const std::string& table, std::ostream& err, const Change& change) {
  Backoff backoff;
  for (int attempt = 1;; ++attempt) {
    try {
      change();
      return;
    } catch (const pg::SqlError& error) {
      if (error.sqlstate() == "42501") throw Forbidden(table, error.what());
      if (error.sqlstate() != "55P03") throw;
      if (attempt == kAttempts) {
        throw Error(Disposition::kRetry, table + ": its lock was not to be had",
                    "end the transactions that use the table (pg_stat_activity), then try again");
      }
      if (attempt == 1) err << table << ": waiting for its lock\n";
    }
    std::this_thread::sleep_for(backoff.Next());
  }
}

const catalog::Table& FindTable(const catalog::Catalog& catalog, const std::string& name) {
  if (const catalog::Table* table = catalog.Find(name)) return *table;
  std::vector<std::string> names;
  for (const catalog::Table& table : catalog.tables()) {
    names.push_back(table.QualifiedName());
    if (table.schema == "public") names.push_back(table.name);
  }
  const std::string nearest = config::Nearest(name, names);
  throw Error(Disposition::kFatal, "there is no table " + name,
              nearest.empty() ? "" : "did you mean " + nearest + "?");
}

}  // namespace

std::vector<document::Attachment> WantedAttachments(const config::Config& config,
                                                    const std::vector<std::string>& tables,
                                                    pg::Session& session, std::ostream& err) {
  const auto catalog = catalog::Catalog::Load(session);
  config::Problems problems;
  const auto plans = document::BuildPlans(config, catalog, session, problems);
  if (PrintProblems(problems, err)) throw BadConfiguration();
  const auto configured = document::Attachments(plans);
  if (tables.empty()) return configured;
  std::vector<document::Attachment> wanted;
  for (const std::string& name : tables) {
    const catalog::Table& table = FindTable(catalog, name);
    const auto known = std::find_if(configured.begin(), configured.end(),
                                    [&](const auto& one) { return one.table == table.oid; });
    if (known != configured.end()) {
      wanted.push_back(*known);
    } else {
      wanted.push_back({table.oid, table.QualifiedName(), table.Identity(), {}});
    }
  }
  return wanted;
}

void AttachAll(pg::Session& session, const std::vector<document::Attachment>& attachments,
               std::ostream& err) {
  for (const document::Attachment& attachment : attachments) {
    WithLock(attachment.table_name, err, [&] { Call(session, "attach", attachment); });
    err << attachment.table_name << ": attached\n";
  }
}

int RunAttach(const Context& context) {
  pg::Session session({.url = context.config.database.url});
  migrate::Migrator::CheckVersion(session);
  const auto wanted =
      WantedAttachments(context.config, context.invocation.arguments, session, context.err);
  if (!context.invocation.Has("print")) {
    AttachAll(session, wanted, context.err);
    return kOk;
  }
  for (const document::Attachment& attachment : wanted) {
    const std::string sql(Call(session, "attach_sql", attachment).Text(0, 0));
    context.out << "-- " << attachment.table_name << (sql.empty() ? ": attached already" : "")
                << '\n';
    if (!sql.empty())
      context.out << "BEGIN;\nSET LOCAL lock_timeout = '2s';\n" << sql << "COMMIT;\n";
  }
  return kOk;
}

int RunDetach(const Context& context) {
  pg::Session session({.url = context.config.database.url});
  migrate::Migrator::CheckVersion(session);
  const auto wanted =
      WantedAttachments(context.config, context.invocation.arguments, session, context.err);
  for (const document::Attachment& attachment : wanted) {
    const std::string table = std::to_string(attachment.table);
    if (context.invocation.Has("print")) {
      const pg::Result sql =
          session.ExecParams("SELECT pgsluice.detach_sql($1::oid::regclass)", {table});
      context.out << "-- " << attachment.table_name << "\nBEGIN;\nSET LOCAL lock_timeout = '2s';\n"
                  << sql.Text(0, 0) << "COMMIT;\n";
      continue;
    }
    WithLock(attachment.table_name, context.err,
             [&] { session.ExecParams("SELECT pgsluice.detach($1::oid::regclass)", {table}); });
    context.err << attachment.table_name << ": detached\n";
  }
  return kOk;
}

}  // namespace pgsluice::app
