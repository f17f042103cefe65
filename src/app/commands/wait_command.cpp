#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ostream>
#include <thread>

#include "app/commands/commands.h"
#include "app/commands/local_service.h"
#include "app/commands/status_sql.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/values.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/consistency.h"
#include "pgsluice/sync/looks.h"

namespace pgsluice::app {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

milliseconds Left(Clock::time_point deadline) {
  return std::max(milliseconds(0),
                  std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
}

std::int64_t ParseToken(const std::string& token) {
  try {
    return sync::ParsePosition(token);
  } catch (const Error& error) {
    throw UsageError(error.what(), error.hint());
  }
}

/// Returns the prefix that names a token's database, if there are several.
std::string Before(const config::Config& config) {
  const std::string& name = config.database.name;
  return name.empty() ? "" : http::Encode(name) + ':';
}

/// Lets the service wait. Returns nullopt if no service on this machine can.
std::optional<bool> WaitByService(const config::Config& config, std::int64_t token,
                                  Clock::time_point deadline) {
  for (;;) {
    const milliseconds wait = std::min(Left(deadline), milliseconds(30000));
    const auto answer = AskService(config.listen, config.tls,
                                   "/v1/sync/wait?after=" + Before(config) + std::to_string(token) +
                                       "&wait=" + std::to_string(wait.count()) + "ms",
                                   wait + milliseconds(5000));
    if (answer && answer->status == 200) return true;
    if (!answer || answer->status != 504) return std::nullopt;
    if (Left(deadline).count() == 0) return false;
  }
}

/// Returns the names of all configured indexes, including those that do not exist yet.
std::vector<std::string> ConfiguredIndexes(const config::Config& config, pg::Session& session) {
  const bool per_schema = std::any_of(config.indexes.begin(), config.indexes.end(),
                                      [](const config::Index& index) { return index.per_schema; });
  if (config.all_tables || per_schema) {
    return plan::ConfiguredNames(config, catalog::Catalog::Load(session), session);
  }
  std::vector<std::string> names;
  for (const config::Index& index : config.indexes) names.push_back(index.name);
  return names;
}

constexpr milliseconds kStep(20);

/// Waits until the processes that sync have checked changes of tables.
bool WaitForLooks(pg::Session& session, Clock::time_point deadline) {
  while (!sync::ReadLooks(session).done()) {
    if (Left(deadline).count() == 0) return false;
    std::this_thread::sleep_for(std::min(kStep, Left(deadline)));
  }
  return true;
}

/// Polls the database while another process does the work. Returns what is left at the end.
sync::Unfinished WaitByDatabase(pg::Session& session, std::int64_t token, const sync::Scope& scope,
                                Clock::time_point deadline) {
  for (;;) {
    sync::Unfinished left = sync::UnfinishedUpTo(session, token, scope);
    if (!left.any() || Left(deadline).count() == 0) return left;
    std::this_thread::sleep_for(std::min(kStep, Left(deadline)));
  }
}

void Refresh(const config::Config& config, const std::vector<std::string>& indexes) {
  engine::Engine engine(engine::MakeTransport(config.elasticsearch));
  for (const std::string& name : indexes) {
    engine.Refresh(config.elasticsearch.index_prefix + name);
  }
}

bool IsAnybodyAtWork(pg::Session& session) { return session.Exec(kIsPolledSql).Bool(0, 0); }

std::string Describe(const sync::Unfinished& left) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (left.tables) add("not checked by every process yet: changed tables");
  if (left.events) add("changes wait");
  if (!left.missing.empty()) {
    add(fmt::format("not created yet, or to be filled again: {}", fmt::join(left.missing, ", ")));
  }
  if (!left.filling.empty()) {
    add(fmt::format("rows are copied, or ids walked, for {}", fmt::join(left.filling, ", ")));
  }
  return text;
}

int Reached(const Context& context, std::int64_t token) {
  if (context.invocation.Has("json")) {
    context.out << json::ToText(
                       json::Members({{"reached", true}, {"position", std::to_string(token)}}))
                << '\n';
  }
  return kOk;
}

int TimedOut(const Context& context, pg::Session& session, std::int64_t token,
             const sync::Unfinished& left) {
  if (context.invocation.Has("json")) {
    context.out << json::ToText(json::Members({{"reached", false},
                                               {"position", std::to_string(token)},
                                               {"reason", Describe(left)}}))
                << '\n';
  }
  context.err << "pgsluice: error: not everything was searchable in time: " << Describe(left)
              << "\n  hint: "
              << (IsAnybodyAtWork(session)
                      ? "pgsluice status shows what is left"
                      : "no process syncs this database; start 'pgsluice run' or 'pgsluice sync'")
              << '\n';
  return kTimeout;
}

}  // namespace

int RunWait(const Context& context) {
  const auto timeout = config::ParseDuration(context.invocation.Option("timeout", "30s"));
  const auto deadline = context.started + timeout.value_or(milliseconds(30000));
  std::int64_t token = 0;
  if (context.invocation.Has("after")) token = ParseToken(context.invocation.Option("after"));
  pg::Session session({.url = context.config.database.url});
  migrate::Migrator::CheckVersion(session);
  const std::int64_t present = session.Exec("SELECT pgsluice.position()::bigint").Int(0, 0);
  if (!context.invocation.Has("after")) token = present;
  if (token > present) {
    throw UsageError(
        fmt::format("position {} is in the future: the present one is {}", token, present),
        "take one by SELECT pgsluice.position() after COMMIT");
  }
  const std::optional<bool> waited = WaitByService(context.config, token, deadline);
  if (waited.value_or(false)) return Reached(context, token);
  const bool looked = WaitForLooks(session, deadline);
  sync::Scope scope{ConfiguredIndexes(context.config, session), {}, {}};
  scope.later_pieces = true;
  sync::Unfinished left = WaitByDatabase(session, token, scope, deadline);
  left.tables = left.tables || !looked;
  if (left.any()) return TimedOut(context, session, token, left);
  Refresh(context.config, scope.indexes);
  return Reached(context, token);
}

}  // namespace pgsluice::app
