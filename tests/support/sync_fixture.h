#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/json/value.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/sync/monitor.h"
#include "pgsluice/sync/service.h"
#include "support/pg_sandbox.h"

namespace pgsluice::testing {

/// A document without internal fields, its members in byte order: equal texts if equal.
std::string Comparable(const json::Value& value);

/// The sync of one process: what `pgsluice sync` sets up, without the ports.
class SyncProcess {
 public:
  explicit SyncProcess(config::Config config);
  void Start() { service_->Start(); }
  void Stop() { service_->Stop(); }
  sync::Service& service() { return *service_; }
  observe::Registry& registry() { return registry_; }
  /// Returns the present trouble of "database" or "engine"; empty if there is none.
  std::string trouble(const std::string& part) const { return monitor_.TroubleOf(part); }
  /// Returns why the engine refuses changes of an index now; empty if it does not.
  std::string refused(const std::string& index) const {
    const auto causes = service_->holds().causes();
    const auto cause = causes.find(index);
    return cause == causes.end() ? "" : cause->second.reason + "; " + cause->second.remedy;
  }

 private:
  config::Config config_;
  observe::Registry registry_;
  sync::Monitor monitor_{registry_};
  engine::Engine engine_;
  std::unique_ptr<sync::Service> service_;
};

/// A separate database, a separate index prefix, and the sync between them. Tests write SQL, call
/// Settle(), and compare the index with the result of an oracle query.
class SyncTest : public ::testing::Test {
 protected:
  SyncTest();
  explicit SyncTest(const std::string& server);  ///< On the PostgreSQL of this URL instead.
  ~SyncTest() override;

  /// Uses the indexes of a configuration file's text. Fails the test for mistakes.
  void ConfigureIndexes(const std::string& text);
  pg::Result Exec(const std::string& sql) { return db_.Exec(sql); }
  /// Migrates, attaches all configured tables and starts one process.
  void Start();
  /// The migrations and the triggers only.
  void Attach();
  /// Waits until the processes know the tables, the outbox is empty and no backfill runs, and makes
  /// everything searchable. Fails the test after four minutes.
  void Settle();
  /// `_id` -> document as the engine returns it, without fields that begin with "__".
  std::map<std::string, std::string> Documents(const std::string& index);
  /// Fails unless the index contains exactly what the query returns: columns id (text) and document
  /// (json). Settles first.
  void ExpectIndex(const std::string& index, const std::string& oracle);
  /// Returns one document, read by id without a refresh; empty if absent.
  std::string Document(const std::string& index, const std::string& id);
  std::string Alias(const std::string& index) const { return prefix_ + index; }

  void Configure();
  /// Returns whether no index was deleted or has to be filled again, unless that is being done.
  bool IndexesAreKnown(pg::Session& session);

  PgSandbox db_;
  std::string prefix_;
  config::Config config_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<SyncProcess> process_;
};

}  // namespace pgsluice::testing
