#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <iostream>
#include <optional>
#include <set>

#include "app/commands/check_access.h"
#include "app/commands/commands.h"
#include "app/commands/dead_letters.h"
#include "app/commands/status_sql.h"
#include "app/service/fetch_url.h"
#include "app/service/installation_keys.h"
#include "app/service/progress_log.h"
#include "app/service/signals.h"
#include "app/service/traces.h"
#include "pgsluice/api/admin_server.h"
#include "pgsluice/api/server.h"
#include "pgsluice/base/backoff.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/config/values.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/json/equal.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/pool.h"
#include "pgsluice/pg/watchdog.h"
#include "pgsluice/sync/consistency.h"
#include "pgsluice/sync/monitor.h"
#include "pgsluice/sync/service.h"

namespace pgsluice::app {

namespace {

using observe::Level;
using observe::Log;

constexpr std::size_t kApiSessions = 4;
constexpr int kApiStatementMs = 30'000;
// The process is gone ten seconds after the signal, whatever hangs.
constexpr std::chrono::milliseconds kApiStop{8000};
constexpr std::chrono::milliseconds kAdminStop{500};

/// What the API wants to know of the sync, from the sync.
class SyncState : public api::SyncState {
 public:
  SyncState(sync::Consistency& consistency, const sync::Service& sync)
      : consistency_(consistency), sync_(sync) {}
  std::string Position() override { return consistency_.Position(); }
  std::int64_t lag_ms() override { return consistency_.lag_ms(); }
  std::int64_t pending() override { return consistency_.pending(); }
  std::set<std::string> Filling() override { return consistency_.Filling(); }
  bool WaitUntilApplied(const std::string& token, const std::string& index,
                        std::chrono::steady_clock::time_point deadline) override {
    const auto knows = [this](const std::string& tables) { return sync_.KnowsTables(tables); };
    // One index has its tables in its scope. All: there may be new tables.
    if (index.empty() && !consistency_.WaitUntilLooked(knows, deadline)) return false;
    return consistency_.WaitUntilApplied(
        token, [&] { return ScopeOf(index); }, deadline);
  }

 private:
  /// Nothing before the keeper has looked at every index, or at this one.
  std::optional<sync::Scope> ScopeOf(const std::string& index) const {
    const bool complete = sync_.ready();
    const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Get();
    if (index.empty()) return complete ? std::optional(sync::ScopeOf(*set)) : std::nullopt;
    return set->indexes.contains(index) ? std::optional(sync::ScopeOf(*set, index)) : std::nullopt;
  }

  sync::Consistency& consistency_;
  const sync::Service& sync_;
};

std::shared_ptr<const api::IndexSet> ForApi(const sync::IndexRegistry& registry) {
  auto indexes = std::make_shared<api::IndexSet>();
  const std::shared_ptr<const sync::IndexSet> set = registry.Get();
  for (const auto* known : {&set->indexes, &set->served}) {
    for (const auto& [name, index] : *known) {
      (*indexes)[name] = {index->plan, index->alias, sync::Name(index->phase), index->filling};
    }
  }
  for (const auto& [name, trouble] : set->troubles) {
    (*indexes)[name].state = sync::Name(trouble.state);  // without a plan if it cannot be searched
  }
  return indexes;
}

api::HttpLimits AdminLimits(const config::Config& config, observe::Registry& registry) {
  api::HttpLimits limits;
  limits.threads = 8;
  limits.cut = api::CountCut(registry, "admin");
  limits.per_address = static_cast<std::size_t>(config.limits.connections_per_address);
  limits.hosts = api::MakeHostRule(config.admin_listen, config.allowed_hosts);
  return limits;
}

/// Parts of the configuration that changed and that only a restart puts in force.
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

/// The whole service. The order of the members is the order in which they start to exist; they
/// start in the order of Run() and stop in reverse.
class Service {
 public:
  Service(const config::Config& config, bool syncs, bool serves)
      : config_(config),
        serves_(serves),
        traces_(ExportTraces(config::ProcessEnvironment(), registry_)),
        monitor_(registry_),
        engine_(std::make_shared<engine::Engine>(engine::MakeTransport(config.elasticsearch))),
        pool_({.url = config.database.url,
               .application_name = "pgsluice api",
               .statement_timeout_ms = kApiStatementMs},
              kApiSessions),
        consistency_(pool_, monitor_, [this] { sync_.LookAgain(); }),
        cursor_keys_(pool_, registry_),
        sync_(config, *engine_, monitor_, syncs),
        sync_state_(consistency_, sync_),
        admin_(config.admin_listen, config.admin_tls, AdminLimits(config, registry_),
               api::AdminHandler(
                   {.ready = [this] { return Ready(); },
                    .reason = [this] { return Reason(); },
                    .metrics = [this] { return registry_.Text(); },
                    .status = [this] { return Status(); },
                    .dead_letters =
                        [this](const api::HttpRequest& request) {
                          return DeadLetters(api_.MayShowRows(request));
                        },
                    .retry = [this](auto id) { return Retry(id); },
                    .admit = [this](const api::HttpRequest& request,
                                    bool change) { return api_.Admit(request, change); },
                    .audit = [this](const auto&... what) { api_.Audit(what...); },
                    .may_search = [this] { return page_may_search_.load(); },
                    .search =
                        [this](const api::HttpRequest& request) { return api_.Answer(request); }})),
        api_({engine_, [this] { return ForApi(sync_.registry()); }, &sync_state_, config, registry_,
              [this] { return sync_.ready(); },
              [this](const std::string& cursor) { return cursor_keys_.Get(cursor); }, FetchUrl},
             config.listen, config.tls) {
    observe::RegisterProcessMetrics(registry_);
    registry_
        .MakeGauge("pgsluice_build_info", "Always 1; the version is a label.",
                   {{"version", PGSLUICE_VERSION}})
        .Set(1);
  }

  /// SIGHUP.
  void Reload(const Context& context) {
    config::Problems problems;
    const config::Config fresh =
        config::Load({.flags = context.invocation.options}, config::ProcessEnvironment(), problems);
    CheckAccess(fresh, problems);
    if (PrintProblems(problems, std::cerr)) {
      Log(Level::kError, "app", "SIGHUP: the configuration is wrong, the old one stays");
      return;
    }
    try {
      api_.Reload(fresh);
      ReportAccess(fresh);
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
    if (!StartSync(stop)) return kOk;
    Log(Level::kInfo, "app", "running");
    ProgressLog(sync_.registry(), pool_).Run(stop);
    Log(Level::kInfo, "app", "stopping");
    stopping_ = true;
    api_.Stop(std::chrono::steady_clock::now() + kApiStop);
    sync_.Stop();
    admin_.Stop(kAdminStop);
    return kOk;
  }

 private:
  /// Waits for a database that is away. False when stopped meanwhile.
  bool StartSync(const std::stop_token& stop) {
    Backoff backoff(std::chrono::milliseconds(100), std::chrono::milliseconds(5000));
    while (!stop.stop_requested()) {
      try {
        pg::Session session({.url = config_.database.url});
        migrate::Migrator::CheckVersion(session);
        cursor_keys_.Get("");
        ReportNotIndexed(session);
        sync_.Start();
        ReportAccess(config_);
        return true;
      } catch (const Error& error) {
        if (error.disposition() != Disposition::kRetry) throw;
        monitor_.Trouble("database", error.Full());
      }
      sync::SleepUnlessStopped(backoff.Next(), stop);
    }
    return false;
  }

  /// Without "indexes" in the configuration: which tables are left out, and why.
  void ReportNotIndexed(pg::Session& session) {
    if (!config_.all_tables) return;
    for (const config::Problem& problem :
         document::NotIndexed(config_, catalog::Catalog::Load(session), session)) {
      Log(Level::kWarn, "app", problem.message,
          {{"place", problem.place}, {"remedy", problem.hint}});
    }
  }

  /// A policy that does not fit an index lets nobody see it: the log says why.
  void ReportAccess(const config::Config& config) {
    std::vector<std::shared_ptr<const document::Plan>> plans;
    const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Get();
    for (const auto& [name, index] : set->indexes) plans.push_back(index->plan);
    config::Problems problems;
    CheckAccessToFields(config, plans, problems);
    for (const config::Problem& problem : problems) {
      Log(problem.warning ? Level::kWarn : Level::kError, "app", problem.message,
          {{"place", problem.place}, {"remedy", problem.hint}});
    }
  }

  bool Ready() const { return sync_.ready() && Reason().empty(); }

  std::string Reason() const {
    if (stopping_) return "stopping";
    if (const std::string trouble = pg::ConnectionTrouble(); !trouble.empty()) {
      return "database: " + trouble;
    }
    std::string reason;
    const auto add = [&](const std::string& text) {
      reason += (reason.empty() ? "" : "; ") + text;
    };
    for (const char* part : {"database", "engine", "sync"}) {
      const std::string trouble = monitor_.TroubleOf(part);
      if (!trouble.empty()) add(fmt::format("{}: {}", part, trouble));
    }
    const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Get();
    for (const auto& [name, cause] : sync_.holds().causes()) {
      if (set->troubles.contains(name)) continue;
      add(fmt::format("index {} is blocked: {}; {}", name, cause.reason, cause.remedy));
    }
    for (const auto& [name, trouble] : set->troubles) {
      add(fmt::format("index {} is {}: {}; {}", name, sync::Name(trouble.state), trouble.reason,
                      trouble.remedy));
    }
    if (reason.empty() && !sync_.ready()) return "the indexes are being prepared";
    return reason;
  }

  std::string Phase() const {
    if (!Reason().empty()) return "degraded";
    const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Get();
    for (const auto& [name, index] : set->indexes) {
      if (index->phase == sync::IndexPhase::kBackfilling) return "backfilling";
    }
    return "live";
  }

  /// The page searches through the admin port, where the browser may. Without any key it does so
  /// on loopback only, as the API itself.
  bool PageMaySearch(const config::Auth& auth) const {
    const bool open = auth.keys.empty() && !auth.jwt && auth.anonymous.empty();
    return serves_ && (!open || config::IsLoopback(config_.admin_listen));
  }

  std::string DeadLetters(bool with_rows) {
    const auto session = pool_.Acquire();
    std::vector<outbox::DeadLetter> letters = outbox::ListDeadLetters(*session);
    for (outbox::DeadLetter& letter : letters) {
      if (!with_rows) WithoutRow(letter);
    }
    return ToJson(letters);
  }

  std::int64_t Retry(std::optional<std::int64_t> id) {
    const auto session = pool_.Acquire();
    return outbox::RetryDeadLetters(
        *session, id ? std::vector<std::int64_t>{*id} : std::vector<std::int64_t>{});
  }

  /// {"projects":{"documents":12},…}: what only this process and the engine know.
  std::string OfIndexes(bool ask_engine) {
    const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Get();
    std::map<std::string, std::string> texts;
    for (const auto* known : {&set->indexes, &set->served}) {
      for (const auto& [name, index] : *known) {
        texts[name] = ask_engine ? fmt::format(R"("documents":{})", engine_->Count(index->alias))
                                 : std::string();
      }
    }
    for (const auto& [name, trouble] : set->troubles) {
      std::string& text = texts[name];
      text += fmt::format(R"({}"state":"{}","reason":{},"remedy":{})", text.empty() ? "" : ",",
                          sync::Name(trouble.state), json::Quote(trouble.reason),
                          json::Quote(trouble.remedy));
    }
    std::string all = "{";
    for (const auto& [name, text] : texts) {
      all += fmt::format("{}{}:{{{}}}", all.size() > 1 ? "," : "", json::Quote(name), text);
    }
    return all + "}";
  }

  static std::string WithoutDatabase(const std::string& reason) {
    return fmt::format(R"({{"phase":"degraded","reason":{},"indexes":{{}}}})",
                       json::Quote("database: " + reason));
  }

  std::string Status() {
    // Do not wait for a server that is known to be down.
    const std::string lost = monitor_.TroubleOf("database");
    if (!lost.empty()) return WithoutDatabase(lost);
    std::string indexes = OfIndexes(false);
    std::string engine;
    try {
      if (monitor_.TroubleOf("engine").empty()) {
        indexes = OfIndexes(true);
        engine = engine_->Detect().Name();
      }
    } catch (const Error& error) {
      monitor_.Trouble("engine", error.Full());
    }
    try {
      const auto session = pool_.Acquire();
      const pg::Param configured = sync_.ready() ? pg::Param("true") : pg::Param();
      return std::string(session
                             ->ExecParams(kStatusSql, {PGSLUICE_VERSION, Phase(), indexes, Reason(),
                                                       engine, configured})
                             .Text(0, 0));
    } catch (const Error& error) {
      return WithoutDatabase(error.what());
    }
  }

  const config::Config& config_;
  const bool serves_;
  std::atomic<bool> page_may_search_{PageMaySearch(config_.auth)};
  observe::Registry registry_;
  std::unique_ptr<observe::TraceExporter> traces_;
  sync::Monitor monitor_;
  std::shared_ptr<engine::Engine> engine_;
  pg::Pool pool_;
  sync::Consistency consistency_;
  InstallationKeys cursor_keys_;
  sync::Service sync_;
  SyncState sync_state_;
  api::HttpServer admin_;
  api::Server api_;
  std::atomic<bool> stopping_{false};
};

}  // namespace

int RunService(const Context& context) {
  const std::string& command = context.invocation.command;
  Service service(context.config, command != "serve", command != "sync");
  const Signals signals([&] { service.Reload(context); });
  return service.Run(signals.stop());
}

}  // namespace pgsluice::app
