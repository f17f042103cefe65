#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <ostream>
#include <thread>

#include "app/cli/each_database.h"
#include "app/commands/commands.h"
#include "app/commands/local_service.h"
#include "app/commands/status_merge.h"
#include "app/commands/status_sql.h"
#include "app/commands/status_text.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/databases.h"
#include "pgsluice/json/build.h"
#include "pgsluice/json/value.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::app {

namespace {

/// Returns the configured indexes as JSON. Reads troubles as the syncing processes recorded them,
/// because a role for status may not be allowed to read the tables.
std::string Configured(const config::Config& config, pg::Session& session) {
  json::ObjectPtr all = json::Members();
  const auto catalog = catalog::Catalog::Load(session);
  for (const std::string& name : plan::ConfiguredNames(config, catalog, session)) {
    all->set(name, json::Members());
  }
  return json::ToText(all);
}

std::string FromDatabase(const config::Config& config, pg::Session& session) {
  migrate::Migrator::CheckVersion(session);
  return std::string(session
                         .ExecParams(kStatusSql, {PGSLUICE_VERSION, std::nullopt,
                                                  Configured(config, session), "", "", "true"})
                         .Text(0, 0));
}

/// Returns whether a status from a service belongs to the session's database. A service that has
/// lost its database does not name it.
bool IsOfThis(const std::string& account, pg::Session& session) {
  const json::Value status = json::Parse(account);
  const json::Value* identity = status.Find({"database", "identity"});
  return identity != nullptr && identity->text == session.Exec(kIdentitySql).Text(0, 0);
}

std::string FromEach(const config::Config& config) {
  std::vector<StatusPart> parts;
  for (const config::Config& one : EachDatabase(config)) {
    StatusPart& part = parts.emplace_back(StatusPart{one.database.name, {}});
    try {
      pg::Session session({.url = one.database.url});
      part.json = FromDatabase(one, session);
    } catch (const Error& error) {
      part.json = Degraded("database: " + error.Full());
    }
  }
  return MergeStatus(parts);
}

/// Returns the status of the service, if one answers for this database; otherwise what the database
/// knows.
std::string StatusJson(const Context& context) {
  const config::Config& config = context.config;
  const auto answer =
      AskService(config.admin_listen, config.admin_tls, "/status", std::chrono::seconds(5));
  const bool answered = answer && answer->status == 200;
  if (config::HasNames(config)) {
    const std::string only = context.invocation.Option("database");
    if (!answered) return FromEach(config);
    return only.empty() ? answer->body : StatusOf(json::Parse(answer->body), only);
  }
  const bool named = context.invocation.Has("database-url");
  if (answered && !named && answer->body.find("\"identity\"") == std::string::npos) {
    return answer->body;
  }
  try {
    pg::Session session({.url = config.database.url});
    if (answered && IsOfThis(answer->body, session)) return answer->body;
    return FromDatabase(config, session);
  } catch (const Error&) {
    if (!answered || named) throw;
    return answer->body;
  }
}

}  // namespace

int RunStatus(const Context& context) {
  const bool watch = context.invocation.Has("watch");
  for (;;) {
    const std::string status = StatusJson(context);
    if (watch && isatty(STDOUT_FILENO) != 0) context.out << "\x1b[H\x1b[2J";
    if (context.invocation.Has("json")) {
      context.out << status << (status.ends_with('\n') ? "" : "\n");
    } else {
      PrintStatus(json::Parse(status), context.out);
    }
    context.out.flush();
    if (!watch) return kOk;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
}

}  // namespace pgsluice::app
