#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <ostream>
#include <thread>

#include "commands.h"
#include "local_service.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/document/plan.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/sync/troubles.h"
#include "status_sql.h"
#include "status_text.h"

namespace pgsluice::app {

namespace {

/// What the tables say of the configured indexes while no service can be asked, as JSON.
std::string Configured(const config::Config& config, pg::Session& session) {
  const auto catalog = catalog::Catalog::Load(session);
  std::string all = "{";
  for (const document::Planned& planned : document::PlanIndexes(config, catalog, session)) {
    all += (all.size() > 1 ? "," : "") + json::Quote(planned.config.name) + ":{";
    if (planned.plan == nullptr) {
      const sync::IndexTrouble trouble = sync::TroubleOf(planned.problems);
      all += fmt::format(R"("state":"{}","reason":{},"remedy":{})", sync::Name(trouble.state),
                         json::Quote(trouble.reason), json::Quote(trouble.remedy));
    }
    all += '}';
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
