#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "app/service/database_service.h"
#include "pgsluice/api/server.h"
#include "pgsluice/base/mutex.h"
#include "pgsluice/config/config.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/pg/session.h"
#include "pgsluice/query/cursor.h"

namespace pgsluice::app {

/// The databases that the process follows: one without a name, or several. Routes requests for an
/// index to its database. With `database.all` it asks the server for new databases every few
/// seconds. Thread-safe, except Start() and Stop().
class Databases : public api::SyncState {
 public:
  Databases(const config::Config& config, std::shared_ptr<engine::Engine> engine,
            observe::Registry& registry, bool syncs);
  ~Databases() override;

  /// Starts one database without a name like DatabaseService::Start(), and several ones aside.
  bool Start(const std::stop_token& stop);
  /// Blocks until stopped, and logs the progress of first copies.
  void LogProgress(const std::stop_token& stop);
  void Stop();

  std::shared_ptr<const api::IndexSet> Indexes() const;
  /// Returns whether every index of every database exists in the engine or is known to be in
  /// trouble.
  bool ready() const;
  /// Returns why the process is not ready, or empty. `outer`: what is wrong with it as a whole.
  std::string Reason(const std::string& outer) const;
  /// Returns the JSON of `status --json`.
  std::string Status(const std::string& outer);
  void ReportAccess(const config::Config& config) const;
  std::shared_ptr<const query::CursorKeys> CursorKeys(const std::string& cursor);

  /// Returns the JSON of `dead-letters list --json`, for the databases that can be asked.
  std::string DeadLetters(bool with_rows);
  /// Retries dead letters; those of one database if `id` is given. Throws Problem 400 if the
  /// database is not named.
  std::int64_t Retry(const std::string& database, std::optional<std::int64_t> id);

  // The functions of api::SyncState.
  std::vector<std::string> DatabaseNames() override;
  std::string DatabaseOf(const std::string& index) override;
  std::string Position(const std::string& database) override;
  std::int64_t lag_ms(const std::string& database) override;
  std::int64_t pending(const std::string& database) override;
  std::set<std::string> Filling(const std::string& database) override;
  /// `token`: a position, "shop:48213", or several of these.
  bool WaitUntilApplied(const std::string& token, const std::string& index,
                        std::chrono::steady_clock::time_point deadline) override;

 private:
  using One = std::shared_ptr<DatabaseService>;
  using List = std::vector<One>;

  std::shared_ptr<const List> Present() const;
  /// Returns null if no database has this name.
  One Find(const std::string& name) const;
  /// Throws Error(kReject) if no database has this name.
  One Require(const std::string& name) const;
  /// Like Require(), for a request. Throws Problem 400.
  One Asked(const std::string& name) const;
  /// Returns null if no database has this index.
  One Owner(const std::string& index) const;
  void Add(const config::Database& database);
  /// Returns whether a database of the server should be followed.
  bool MayAdd(const std::string& name);
  void Discover(const std::stop_token& stop);
  void LookForNew(std::unique_ptr<pg::Session>& session);

  const config::Config& config_;
  const std::shared_ptr<engine::Engine> engine_;
  observe::Registry& registry_;
  const bool syncs_;
  const bool named_;
  const std::shared_ptr<const query::CursorKeys> own_keys_ = query::CursorKeys::OfThisProcess();
  mutable base::Mutex mutex_;
  std::shared_ptr<const List> list_ PGSLUICE_GUARDED_BY(mutex_) = std::make_shared<List>();
  /// Why the server's databases are not known, or empty.
  std::string unlisted_ PGSLUICE_GUARDED_BY(mutex_);
  /// Databases whose index names collide; used by the discovery thread.
  std::set<std::string> refused_;
  std::jthread discovery_;
};

}  // namespace pgsluice::app
