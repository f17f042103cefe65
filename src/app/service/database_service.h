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

/// One database in the service: its sync, and what the API and the admin port ask about it. It
/// shares the engine's client and the metrics with those of other databases, and nothing else, so
/// trouble stays where it is. Thread-safe, except Start(), StartAside() and Stop().
class DatabaseService {
 public:
  /// `config` is that of this database alone (config::ForDatabase). With `syncs` false it only
  /// looks, and changes nothing.
  DatabaseService(config::Config config, std::shared_ptr<engine::Engine> engine,
                  observe::Registry& registry, bool syncs);
  ~DatabaseService();

  /// Waits for a database that is away. False if stopped meanwhile. Throws Error for what waiting
  /// does not mend.
  bool Start(const std::stop_token& stop);
  /// Starts on a thread of its own. Whatever is wrong with the database is reported and tried again
  /// every few seconds.
  void StartAside();
  /// Blocks until stopped, and logs how far first copies are.
  void LogProgress(const std::stop_token& stop);
  void Stop();

  const std::string& name() const { return config_.database.name; }
  /// Every index is known to the engine, or known to be in trouble.
  bool ready() const { return idle_ || sync_.ready(); }
  /// It has no table that could become an index, and is not followed until it has one.
  bool idle() const { return idle_; }
  bool Has(const std::string& index) const;
  void AddIndexes(api::IndexSet& indexes) const;

  /// Why it is not ready, or empty. `outer`: what is wrong with the whole process, which comes
  /// first.
  std::string Reason(const std::string& outer) const;
  /// As `status --json` shows it.
  std::string Status(const std::string& outer);
  /// A policy that does not fit an index lets nobody see it: the log says why.
  void ReportAccess(const config::Config& config) const;

  std::vector<outbox::DeadLetter> DeadLetters();
  std::int64_t Retry(std::optional<std::int64_t> id);

  // For the API. Throw Error(kRetry) at once if the database is known to be away.
  std::string Position();
  std::set<std::string> Filling();
  /// Of an index of this database, or of all of them if `index` is empty.
  bool WaitUntilApplied(const std::string& token, const std::string& index,
                        std::chrono::steady_clock::time_point deadline);
  std::int64_t lag_ms() const { return consistency_.lag_ms(); }
  std::int64_t pending() const { return consistency_.pending(); }
  /// Null if the database is known to be away.
  std::shared_ptr<const query::CursorKeys> Keys(const std::string& cursor);

 private:
  void StartOnce();
  void ReportNotIndexed(pg::Session& session) const;
  bool IsEmpty(pg::Session& session) const;
  std::optional<sync::Scope> ScopeOf(const std::string& index) const;
  /// Why the database cannot be used, or empty. Only if it has a name: without other databases
  /// nothing is saved by not asking.
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
