#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <ostream>
#include <thread>

#include "commands.h"
#include "local_service.h"
#include "pgsluice/json/value.h"
#include "pgsluice/migrate/migrator.h"
#include "status_sql.h"

namespace pgsluice::app {

namespace {

using json::Value;

/// The service's own account, else what the database knows.
std::string StatusJson(const config::Config& config) {
  const auto answer =
      AskService(config.admin_listen, config.admin_tls, "/status", std::chrono::seconds(5));
  if (answer && answer->status == 200) return answer->body;
  pg::Session session({.url = config.database.url});
  migrate::Migrator::CheckVersion(session);
  return std::string(
      session.ExecParams(kStatusSql, {PGSLUICE_VERSION, std::nullopt, "{}"}).Text(0, 0));
}

std::string Text(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value == nullptr || value->IsNull() ? "?" : value->text;
}

void PrintIndex(const std::string& name, const Value& index, std::ostream& out) {
  out << fmt::format("  {:<24} {:<14} {} documents, {} pending, {} dead letters\n", name,
                     Text(index, "state"), Text(index, "documents"), Text(index, "pending"),
                     Text(index, "dead_letters"));
  const Value* reason = index.Find("reason");
  if (reason != nullptr && !reason->text.empty()) out << "    " << reason->text << '\n';
  const Value* backfill = index.Find("backfill");
  if (backfill != nullptr && backfill->IsObject()) {
    out << "    backfill: " << Text(*backfill, "done") << " of " << Text(*backfill, "total");
    if (Text(*backfill, "eta_s") != "?") out << ", " << Text(*backfill, "eta_s") << " s to go";
    out << '\n';
  }
}

void PrintText(const Value& status, std::ostream& out) {
  out << "phase " << Text(status, "phase") << ", lag " << Text(status, "lag_ms") << " ms, "
      << Text(status, "pending") << " pending, " << Text(status, "dead_letters")
      << " dead letters\n";
  if (const Value* indexes = status.Find("indexes")) {
    out << "indexes\n";
    for (const auto& [name, index] : indexes->members) PrintIndex(name, index, out);
  }
  if (const Value* tables = status.Find("tables")) {
    out << "tables\n";
    for (const auto& [name, table] : tables->members) {
      const Value* attached = table.Find("attached");
      const bool is_attached = attached != nullptr && attached->boolean;
      out << fmt::format("  {:<24} {}\n", name,
                         is_attached ? "attached" : "not attached; run: pgsluice attach");
    }
  }
  if (const Value* versions = status.Find("versions")) {
    out << "versions";
    for (const auto& [name, version] : versions->members)
      out << "  " << name << ' ' << version.text;
    out << '\n';
  }
  const std::string dead = Text(status, "dead_letters");
  if (dead != "0" && dead != "?") out << "see why: pgsluice dead-letters list\n";
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
      PrintText(json::Parse(status), context.out);
    }
    context.out.flush();
    if (!watch) return kOk;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
}

}  // namespace pgsluice::app
