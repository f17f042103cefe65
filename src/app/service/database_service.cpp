#include "app/service/database_service.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <utility>

#include "app/commands/check_access.h"
#include "app/commands/status_sql.h"
#include "app/service/progress_log.h"
#include "pgsluice/base/backoff.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/databases.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/unsearchable.h"
#include "pgsluice/sync/wakeup.h"

namespace pgsluice::app {

namespace {

using observe::Level;
using observe::Log;

constexpr std::size_t kApiSessions = 4;
constexpr int kApiStatementMs = 30'000;
constexpr std::chrono::milliseconds kShortestPause{100}, kLongestPause{5000};

}  // namespace

DatabaseService::DatabaseService(config::Config config, std::shared_ptr<engine::Engine> engine,
                                 observe::Registry& registry, bool syncs)
    : config_(std::move(config)),
      monitor_(registry, config_.database.name),
      engine_(std::move(engine)),
      pool_({.url = config_.database.url,
             .application_name = "pgsluice api",
             .statement_timeout_ms = kApiStatementMs},
            kApiSessions),
      consistency_(pool_, monitor_, [this] { sync_.RequestCheck(); }),
      cursor_keys_(pool_, registry),
      sync_(config_, *engine_, monitor_, syncs) {}

DatabaseService::~DatabaseService() { Stop(); }

bool DatabaseService::Start(const std::stop_token& stop) {
  Backoff backoff(kShortestPause, kLongestPause);
  while (!stop.stop_requested()) {
    try {
      StartOnce();
      return true;
    } catch (const Error& error) {
      if (error.disposition() != Disposition::kRetry) throw;
      monitor_.Trouble("database", error.Full());
    }
    sync::SleepUnlessStopped(backoff.Next(), stop);
  }
  return false;
}

void DatabaseService::StartAside() {
  starter_ = std::jthread([this](const std::stop_token& stop) {
    const observe::LogDatabase named(name());
    Backoff backoff(kShortestPause, kLongestPause);
    while (!stop.stop_requested()) {
      try {
        StartOnce();
        if (!idle_) return LogProgress(stop);
      } catch (const Error& error) {
        monitor_.Trouble("database", error.Full());
      } catch (const std::exception& error) {
        monitor_.Trouble("database", error.what());
      }
      sync::SleepUnlessStopped(idle_ ? kLongestPause : backoff.Next(), stop);
    }
  });
}

void DatabaseService::StartOnce() {
  pg::Session session({.url = config_.database.url});
  idle_ = IsEmpty(session);
  if (idle_) return monitor_.Recovered("database");
  migrate::Migrator::CheckVersion(session);
  cursor_keys_.KeysFor("");
  ReportNotIndexed(session);
  sync_.Start();
  monitor_.Recovered("database");
  ReportAccess(config_);
}

void DatabaseService::LogProgress(const std::stop_token& stop) {
  ProgressLog(sync_.registry(), pool_).Run(stop);
}

/// Reports which tables are left out, and why, if the configuration has no "indexes".
void DatabaseService::ReportNotIndexed(pg::Session& session) const {
  if (!config_.all_tables) return;
  for (const config::Finding& finding :
       plan::NotIndexed(config_, catalog::Catalog::Load(session), session)) {
    Log(Level::kWarn, "app", finding.message, {{"place", finding.place}, {"remedy", finding.hint}});
  }
}

/// Returns whether it has nothing to index. Many databases of a server are for other purposes, such
/// as "postgres".
bool DatabaseService::IsEmpty(pg::Session& session) const {
  return config_.database.all && config_.all_tables && !pg::HasTables(session);
}

void DatabaseService::Stop() {
  starter_.request_stop();
  if (starter_.joinable()) starter_.join();
  sync_.Stop();
}

bool DatabaseService::Has(const std::string& index) const {
  const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Current();
  if (set->indexes.contains(index) || set->troubles.contains(index)) return true;
  return std::any_of(config_.indexes.begin(), config_.indexes.end(), [&](const config::Index& one) {
    return one.name == index && !one.per_schema;
  });
}

void DatabaseService::AddIndexes(api::IndexSet& indexes) const {
  const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Current();
  for (const auto* known : {&set->indexes, &set->served}) {
    for (const auto& [name, index] : *known) {
      indexes[name] = {index->plan, index->alias, sync::Name(index->phase), index->filling};
    }
  }
  for (const auto& [name, trouble] : set->troubles) {
    indexes[name].state = sync::Name(trouble.state);  // Without a plan if it cannot be searched.
  }
}

void DatabaseService::ReportAccess(const config::Config& config) const {
  std::vector<std::shared_ptr<const plan::Plan>> plans;
  const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Current();
  for (const auto& [name, index] : set->indexes) plans.push_back(index->plan);
  config::Findings findings;
  CheckAccessToFields(config, plans, findings);
  for (const config::Finding& finding : findings) {
    Log(finding.warning ? Level::kWarn : Level::kError, "app", finding.message,
        {{"place", finding.place}, {"remedy", finding.hint}});
  }
}

std::string DatabaseService::Reason(const std::string& outer) const {
  if (!outer.empty()) return outer;
  std::string reason;
  const auto add = [&](const std::string& text) { reason += (reason.empty() ? "" : "; ") + text; };
  for (const char* part : sync::Monitor::kParts) {
    const std::string trouble = monitor_.TroubleOf(part);
    if (!trouble.empty()) add(fmt::format("{}: {}", part, trouble));
  }
  const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Current();
  for (const auto& [index, cause] : sync_.holds().causes()) {
    if (set->troubles.contains(index)) continue;
    add(fmt::format("index {} is blocked: {}; {}", index, cause.reason, cause.remedy));
  }
  for (const auto& [index, trouble] : set->troubles) {
    add(fmt::format("index {} is {}: {}; {}", index, sync::Name(trouble.state), trouble.reason,
                    trouble.remedy));
  }
  if (reason.empty() && !ready()) return "the indexes are being prepared";
  return reason;
}

std::string DatabaseService::Phase(const std::string& outer) const {
  if (!Reason(outer).empty()) return "degraded";
  const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Current();
  for (const auto& [name, index] : set->indexes) {
    if (index->phase == sync::IndexPhase::kBackfilling) return "backfilling";
  }
  return "live";
}

/// Returns {"projects":{"documents":12},…}: what only this process and the engine know.
std::string DatabaseService::OfIndexes(bool ask_engine) {
  const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Current();
  std::map<std::string, json::ObjectPtr> known_indexes;
  const auto unsearchable =
      ask_engine ? sync::CountUnsearchable(*engine_, *set) : std::map<std::string, std::int64_t>();
  for (const auto* known : {&set->indexes, &set->served}) {
    for (const auto& [name, index] : *known) {
      json::ObjectPtr& described = known_indexes[name] = json::Members();
      if (!ask_engine) continue;
      described->set("documents", engine_->Count(index->alias));
      described->set("unsearchable", unsearchable.at(name));
    }
  }
  for (const auto& [name, trouble] : set->troubles) {
    json::ObjectPtr& described = known_indexes.try_emplace(name, json::Members()).first->second;
    described->set("state", std::string(sync::Name(trouble.state)));
    described->set("reason", trouble.reason);
    described->set("remedy", trouble.remedy);
  }
  json::ObjectPtr all = json::Members();
  for (const auto& [name, described] : known_indexes) all->set(name, described);
  return json::ToText(all);
}

std::string DatabaseService::WithoutDatabase(const std::string& reason) const {
  api::IndexSet indexes;
  if (!name().empty()) {  // Indexes of other databases are not marked.
    AddIndexes(indexes);
    for (const config::Index& index : config_.indexes) {
      if (!index.per_schema) indexes[index.name];
    }
  }
  json::ObjectPtr blocked = json::Members();
  for (const auto& [index, info] : indexes) {
    blocked->set(index, json::Members({{"state", "blocked"},
                                       {"reason", "database " + name() + ": " + reason},
                                       {"remedy",
                                        "repair the database; until then searches find what the "
                                        "index holds"}}));
  }
  return json::ToText(json::Members(
      {{"phase", "degraded"}, {"reason", "database: " + reason}, {"indexes", blocked}}));
}

std::string DatabaseService::Status(const std::string& outer) {
  // Does not wait for a server that is known to be down.
  const std::string lost = monitor_.TroubleOf("database");
  if (!lost.empty()) return WithoutDatabase(lost);
  if (idle_) return R"({"phase":"live","reason":"","indexes":{}})";
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
                           ->ExecParams(kStatusSql, {PGSLUICE_VERSION, Phase(outer), indexes,
                                                     Reason(outer), engine, configured})
                           .Text(0, 0));
  } catch (const Error& error) {
    return WithoutDatabase(error.what());
  }
}

std::vector<outbox::DeadLetter> DatabaseService::DeadLetters() {
  const auto session = pool_.Acquire();
  return outbox::ListDeadLetters(*session);
}

std::int64_t DatabaseService::Retry(std::optional<std::int64_t> id) {
  const auto session = pool_.Acquire();
  return outbox::RetryDeadLetters(
      *session, id ? std::vector<std::int64_t>{*id} : std::vector<std::int64_t>{});
}

std::string DatabaseService::Away() const {
  return name().empty() ? std::string() : monitor_.TroubleOf("database");
}

std::string DatabaseService::Position() {
  if (const std::string away = Away(); !away.empty()) throw Error(Disposition::kRetry, away);
  return consistency_.Position();
}

std::set<std::string> DatabaseService::Filling() {
  if (const std::string away = Away(); !away.empty()) throw Error(Disposition::kRetry, away);
  return consistency_.Filling();
}

bool DatabaseService::WaitUntilApplied(const std::string& token, const std::string& index,
                                       std::chrono::steady_clock::time_point deadline) {
  if (const std::string away = Away(); !away.empty()) throw Error(Disposition::kRetry, away);
  const auto knows = [this](const std::string& tables) { return sync_.KnowsTables(tables); };
  // A single index has its tables in its scope. For all indexes, there may be new tables.
  if (index.empty() && !consistency_.WaitUntilLooked(knows, deadline)) return false;
  return consistency_.WaitUntilApplied(
      token, [&] { return ScopeOf(index); }, deadline);
}

/// Returns nullopt until the schema watcher has checked every index, or this one.
std::optional<sync::Scope> DatabaseService::ScopeOf(const std::string& index) const {
  const bool complete = sync_.ready();
  const std::shared_ptr<const sync::IndexSet> set = sync_.registry().Current();
  if (index.empty()) return complete ? std::optional(sync::ScopeOf(*set)) : std::nullopt;
  return set->indexes.contains(index) ? std::optional(sync::ScopeOf(*set, index)) : std::nullopt;
}

std::shared_ptr<const query::CursorKeys> DatabaseService::Keys(const std::string& cursor) {
  if (!Away().empty() || idle_) return nullptr;
  return cursor_keys_.KeysFor(cursor);
}

}  // namespace pgsluice::app
