#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <iostream>

#include "app/cli/each_database.h"
#include "app/commands/check_access.h"
#include "app/commands/commands.h"
#include "app/service/databases.h"
#include "app/service/fetch_url.h"
#include "app/service/signals.h"
#include "app/service/traces.h"
#include "pgsluice/api/admin_server.h"
#include "pgsluice/api/server.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/config/values.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/json/equal.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/watchdog.h"
#include "pgsluice/sync/wakeup.h"

namespace pgsluice::app {

namespace {

using observe::Level;
using observe::Log;

// The process ends within ten seconds after the signal, even if something hangs.
constexpr std::chrono::milliseconds kApiStop{8000};
constexpr std::chrono::milliseconds kAdminStop{500};

api::HttpLimits AdminLimits(const config::Config& config, observe::Registry& registry) {
  api::HttpLimits limits;
  limits.threads = 8;
  limits.cut = api::CountCut(registry, "admin");
  limits.per_address = static_cast<std::size_t>(config.limits.connections_per_address);
  limits.hosts = api::MakeHostRule(config.admin_listen, config.allowed_hosts);
  return limits;
}

/// Returns the parts of the configuration that changed and need a restart.
std::string NeedsRestart(const config::Config& old, const config::Config& fresh) {
  std::string names;
  const auto address = [](const config::Config& config) {
    return config.limits.connections_per_address;
  };
  if (address(old) != address(fresh)) names = "limits.connections_per_address";
  for (const auto& [name, value] : fresh.effective.members) {
    const bool reloads = name == "auth" || name == "limits" || name == "cors_origins" ||
                         name == "log_level" || name == "log_format" || name == "admin_auth" ||
                         name == "admin_row_values" || name == "access_log" || name == "audit_log";
    const json::Value* before = old.effective.Find(name);
    if (reloads || (before != nullptr && json::Equal(*before, value))) continue;
    names += (names.empty() ? "" : ",") + name;
  }
  return names.empty() ? "nothing" : names;
}

/// The whole service. Members are constructed in the order of their declaration, started in the
/// order of Run(), and stopped in reverse.
class Process {
 public:
  Process(const config::Config& config, bool syncs, bool serves)
      : config_(config),
        serves_(serves),
        traces_(ExportTraces(config::ProcessEnvironment(), registry_)),
        engine_(std::make_shared<engine::Engine>(engine::MakeTransport(config.elasticsearch))),
        databases_(config, engine_, registry_, syncs),
        admin_(config.admin_listen, config.admin_tls, AdminLimits(config, registry_),
               api::AdminHandler(
                   {.ready = [this] { return databases_.ready() && Reason().empty(); },
                    .reason = [this] { return Reason(); },
                    .metrics = [this] { return registry_.Text(); },
                    .status = [this] { return databases_.Status(OfProcess()); },
                    .dead_letters =
                        [this](const api::HttpRequest& request) {
                          return databases_.DeadLetters(api_.MayShowRows(request));
                        },
                    .retry = [this](const auto& database,
                                    auto id) { return databases_.Retry(database, id); },
                    .admit = [this](const api::HttpRequest& request,
                                    bool change) { return api_.Admit(request, change); },
                    .audit = [this](const auto&... what) { api_.Audit(what...); },
                    .may_search = [this] { return page_may_search_.load(); },
                    .search =
                        [this](const api::HttpRequest& request) { return api_.Answer(request); }})),
        api_(
            {engine_, [this] { return databases_.Indexes(); }, &databases_, config, registry_,
             [this] { return databases_.ready(); },
             [this](const std::string& cursor) { return databases_.CursorKeys(cursor); }, FetchUrl},
            config.listen, config.tls) {
    observe::RegisterProcessMetrics(registry_);
    registry_
        .MakeGauge("pgsluice_build_info", "Always 1; the version is a label.",
                   {{"version", PGSLUICE_VERSION}})
        .Set(1);
  }

  /// Handles SIGHUP.
  void Reload(const Context& context) {
    config::Findings findings;
    config::Config fresh =
        config::Load({.flags = context.invocation.options}, config::ProcessEnvironment(), findings);
    CheckAccess(fresh, findings);
    if (PrintFindings(findings, std::cerr)) {
      Log(Level::kError, "app", "SIGHUP: the configuration is wrong, the old one stays");
      return;
    }
    try {
      const std::string only = context.invocation.Option("database");
      if (!only.empty()) KeepDatabase(fresh, only);
      api_.Reload(fresh);
      databases_.ReportAccess(fresh);
      api_.Audit("reload", "SIGHUP", "", fresh.file);
      page_may_search_ = PageMaySearch(fresh.auth);
    } catch (const Error& error) {
      Log(Level::kError, "app", "SIGHUP: " + error.Full() + "; the old configuration stays");
      return;
    }
    observe::ConfigureLog(fresh.log_format, fresh.log_level);
    Log(Level::kInfo, "app", "SIGHUP: keys, policies, limits, origins and log level are read again",
        {{"needs_restart", NeedsRestart(config_, fresh)}});
  }

  int Run(const std::stop_token& stop) {
    admin_.Start();
    Log(Level::kInfo, "app", "starting",
        {{"version", PGSLUICE_VERSION},
         {"admin", api::ToText(config_.admin_listen)},
         {"listen", serves_ ? api::ToText(config_.listen) : std::string("-")}});
    if (serves_) api_.Start();
    if (!databases_.Start(stop)) return kOk;
    Log(Level::kInfo, "app", "running");
    databases_.LogProgress(stop);
    Log(Level::kInfo, "app", "stopping");
    stopping_ = true;
    api_.Stop(std::chrono::steady_clock::now() + kApiStop);
    databases_.Stop();
    admin_.Stop(kAdminStop);
    return kOk;
  }

 private:
  /// Returns what is wrong with the process as a whole, or empty.
  std::string OfProcess() const {
    if (stopping_) return "stopping";
    const std::string trouble = pg::ConnectionTrouble();
    return trouble.empty() ? trouble : "database: " + trouble;
  }

  std::string Reason() const { return databases_.Reason(OfProcess()); }

  /// Returns whether the page may search through the admin port. Without any key it may only on
  /// loopback, like the API itself.
  bool PageMaySearch(const config::Auth& auth) const {
    const bool open = auth.keys.empty() && !auth.jwt && auth.anonymous.empty();
    return serves_ && (!open || config::IsLoopback(config_.admin_listen));
  }

  const config::Config& config_;
  const bool serves_;
  std::atomic<bool> page_may_search_{PageMaySearch(config_.auth)};
  observe::Registry registry_;
  std::unique_ptr<observe::TraceExporter> traces_;
  std::shared_ptr<engine::Engine> engine_;
  Databases databases_;
  api::HttpServer admin_;
  api::Server api_;
  std::atomic<bool> stopping_{false};
};

}  // namespace

int RunService(const Context& context) {
  const std::string& command = context.invocation.command;
  Process process(context.config, command != "serve", command != "sync");
  const Signals signals([&] { process.Reload(context); });
  return process.Run(signals.stop());
}

}  // namespace pgsluice::app
