#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "app/service/installation_keys.h"
#include "pgsluice/api/server.h"
#include "pgsluice/config/config.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/outbox/outbox.h"
#include "pgsluice/pg/pool.h"
#include "pgsluice/sync/consistency.h"
#include "pgsluice/sync/monitor.h"
#include "pgsluice/sync/service.h"

namespace pgsluice::app {

/// One database in the service: its sync, and the functions for it behind the API and the admin
/// port. Shares only the engine's client and the metrics with other databases, so that a trouble
/// does not spread. Thread-safe, except Start(), StartAside() and Stop().
class DatabaseService {
 public:
  /// `config` is the configuration of this database alone (config::ForDatabase). With `syncs` false
  /// it changes nothing.
  DatabaseService(config::Config config, std::shared_ptr<engine::Engine> engine,
                  observe::Registry& registry, bool syncs);
  ~DatabaseService();

  /// Waits for a database that cannot be reached. Returns false if stopped. Throws Error if waiting
  /// does not help.
  bool Start(const std::stop_token& stop);
  /// Starts on a separate thread. Any error of the database is reported, and the start is tried
  /// again every few seconds.
  void StartAside();
  /// Blocks until stopped, and logs the progress of first copies.
  void LogProgress(const std::stop_token& stop);
  void Stop();

  const std::string& name() const { return config_.database.name; }
  /// Returns whether every index exists in the engine or is known to be in trouble.
  bool ready() const { return idle_ || sync_.ready(); }
  /// Returns whether it has no table that could become an index; it is not followed until it has
  /// one.
  bool idle() const { return idle_; }
  bool Has(const std::string& index) const;
  void AddIndexes(api::IndexSet& indexes) const;

  /// Returns why it is not ready, or empty. `outer`: what is wrong with the whole process, which
  /// comes first.
  std::string Reason(const std::string& outer) const;
  /// Returns the JSON of `status --json`.
  std::string Status(const std::string& outer);
  /// Logs which policies do not fit an index; these show nothing of it.
  void ReportAccess(const config::Config& config) const;

  std::vector<outbox::DeadLetter> DeadLetters();
  std::int64_t Retry(std::optional<std::int64_t> id);

  // For the API. These throw Error(kRetry) at once if the database is known to be unreachable.
  std::string Position();
  std::set<std::string> Filling();
  /// Waits for an index of this database, or for all of them if `index` is empty.
  bool WaitUntilApplied(const std::string& token, const std::string& index,
                        std::chrono::steady_clock::time_point deadline);
  std::int64_t lag_ms() const { return consistency_.lag_ms(); }
  std::int64_t pending() const { return consistency_.pending(); }
  /// Returns null if the database is known to be unreachable.
  std::shared_ptr<const query::CursorKeys> Keys(const std::string& cursor);

 private:
  void StartOnce();
  void ReportNotIndexed(pg::Session& session) const;
  bool IsEmpty(pg::Session& session) const;
  std::optional<sync::Scope> ScopeOf(const std::string& index) const;
  /// Returns why the database cannot be used, or empty. Only for a database with a name: without
  /// other databases, there is no reason to skip it.
  std::string Away() const;
  std::string Phase(const std::string& outer) const;
  std::string OfIndexes(bool ask_engine);
  std::string WithoutDatabase(const std::string& reason) const;

  const config::Config config_;
  sync::Monitor monitor_;
  std::shared_ptr<engine::Engine> engine_;
  pg::Pool pool_;
  sync::Consistency consistency_;
  InstallationKeys cursor_keys_;
  sync::Service sync_;
  std::atomic<bool> idle_{false};
  std::jthread starter_;
};

}  // namespace pgsluice::app
