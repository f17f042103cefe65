#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/api/http_server.h"
#include "pgsluice/config/config.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/query/cursor.h"

/// The REST API.
namespace pgsluice::api {

struct IndexInfo {
  std::shared_ptr<const plan::Plan> plan;  ///< Null: it cannot be searched, see `state`.
  std::string alias;                       ///< The engine's name.
  std::string state = "live";              ///< As `status` names it.
  bool filling = false;                    ///< Its first copy is not complete.
};
using IndexSet = std::map<std::string, IndexInfo>;  ///< By name.

/// How up to date the indexes are. Thread-safe. Databases have names if there may be several.
class SyncState {
 public:
  virtual ~SyncState() = default;
  virtual std::vector<std::string> DatabaseNames() { return {""}; }
  /// Returns the name of an index's database.
  virtual std::string DatabaseOf(const std::string& /*index*/) { return ""; }
  /// Returns a token at or above everything committed before the call, in one database.
  virtual std::string Position(const std::string& database) = 0;
  virtual std::int64_t lag_ms(const std::string& database) = 0;
  virtual std::int64_t pending(const std::string& database) = 0;
  /// Returns the indexes of a database whose first copy is not complete.
  virtual std::set<std::string> Filling(const std::string& /*database*/) { return {}; }
  /// Waits until everything at or below the token is written to the index, or to every configured
  /// index if `index` is empty. A token of another database does not concern the index. Returns
  /// false if that takes until `deadline`. Throws Error(kReject) for text that is not a token.
  virtual bool WaitUntilApplied(const std::string& token, const std::string& index,
                                std::chrono::steady_clock::time_point deadline) = 0;
};

/// What the API needs; must outlive the server.
struct Backend {
  std::shared_ptr<engine::Engine> engine;
  std::function<std::shared_ptr<const IndexSet>()> indexes;  ///< A snapshot. Thread-safe.
  SyncState* sync = nullptr;
  const config::Config& config;
  observe::Registry& registry;
  /// Returns false while `indexes` may lack some that are still being created. Thread-safe.
  std::function<bool()> complete = [] { return true; };
  /// Returns the keys for cursors. Gets the cursor of a request, so that it can look for a key that
  /// was created a moment ago. Null: use a key of this process alone. Thread-safe.
  std::function<std::shared_ptr<const query::CursorKeys>(const std::string& cursor)> cursor_keys =
      {};
  /// Fetches a key set. Null: `jwks_url` provides no keys. Thread-safe.
  std::function<std::string(const std::string& url)> fetch = {};
};

/// Listens from Start() to Stop(). Both may be called twice, and Stop() without Start(). Throws
/// Error(kFatal) if the address cannot be bound. Port 0: any free port, see port().
class Server {
 public:
  Server(Backend backend, const config::Address& address, const std::optional<config::Tls>& tls);
  ~Server();
  void Start();
  /// Stops accepting, and lets running requests finish until `deadline`.
  void Stop(std::chrono::steady_clock::time_point deadline);
  /// Applies keys, policies, limits and origins of another configuration. Running requests keep the
  /// old ones. `limits.concurrent` cannot exceed the number of threads created at the start. Throws
  /// Error(kReject), and changes nothing, if the key set cannot be read.
  void Reload(const config::Config& config);
  std::uint16_t port() const;
  /// Returns the caller's name for a request to the admin port, if credentials are required;
  /// `change`: the request changes something. Throws Problem 401.
  std::string Admit(const HttpRequest& request, bool change);
  /// Returns whether the admin port may show values of rows for this request.
  bool MayShowRows(const HttpRequest& request) const;
  /// Writes to the audit log, if there is one.
  void Audit(const std::string& event, const std::string& caller, const std::string& address,
             const std::string& detail);
  /// Answers a request from another listener, under the same rules.
  HttpResponse Answer(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pgsluice::api
