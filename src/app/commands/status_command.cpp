#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <ostream>
#include <thread>

#include "app/commands/commands.h"
#include "app/commands/local_service.h"
#include "app/commands/status_sql.h"
#include "app/commands/status_text.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/document/plan.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/migrate/migrator.h"

namespace pgsluice::app {

namespace {

/// The configured indexes as JSON. What is wrong with them was recorded by the processes that sync:
/// a role that only asks for the status may not be allowed to read the tables.
std::string Configured(const config::Config& config, pg::Session& session) {
  std::string all = "{";
  const auto catalog = catalog::Catalog::Load(session);
  for (const std::string& name : document::ConfiguredNames(config, catalog, session)) {
    all += (all.size() > 1 ? "," : "") + json::Quote(name) + ":{}";
  }
  return all + "}";
}

/// The service's own account, else what the database knows.
std::string StatusJson(const config::Config& config) {
  const auto answer =
      AskService(config.admin_listen, config.admin_tls, "/status", std::chrono::seconds(5));
  if (answer && answer->status == 200) return answer->body;
  pg::Session session({.url = config.database.url});
  migrate::Migrator::CheckVersion(session);
  return std::string(session
                         .ExecParams(kStatusSql, {PGSLUICE_VERSION, std::nullopt,
                                                  Configured(config, session), "", "", "true"})
                         .Text(0, 0));
}

}  // namespace

int RunStatus(const Context& context) {
  const bool watch = context.invocation.Has("watch");
  for (;;) {
    const std::string status = StatusJson(context.config);
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
