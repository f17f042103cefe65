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

/// How fresh the indexes are. Thread-safe. Databases have names if there may be several of them.
class SyncState {
 public:
  virtual ~SyncState() = default;
  virtual std::vector<std::string> DatabaseNames() { return {""}; }
  /// The name of an index's database.
  virtual std::string DatabaseOf(const std::string& /*index*/) { return ""; }
  /// A token at or above everything committed before the call, in one database.
  virtual std::string Position(const std::string& database) = 0;
  virtual std::int64_t lag_ms(const std::string& database) = 0;
  virtual std::int64_t pending(const std::string& database) = 0;
  /// Indexes of a database whose first copy is not complete.
  virtual std::set<std::string> Filling(const std::string& /*database*/) { return {}; }
  /// Waits until everything at or below the token is written to the index, or to every configured
  /// index if `index` is empty. A token of another database than the index's has nothing that the
  /// index could miss. False if `deadline` passed first. Throws Error(kReject) for
  /// something that is not a token.
  virtual bool WaitUntilApplied(const std::string& token, const std::string& index,
                                std::chrono::steady_clock::time_point deadline) = 0;
};

/// What the API works with; outlives the server.
struct Backend {
  std::shared_ptr<engine::Engine> engine;
  std::function<std::shared_ptr<const IndexSet>()> indexes;  ///< A snapshot. Thread-safe.
  SyncState* sync = nullptr;
  const config::Config& config;
  observe::Registry& registry;
  /// False while `indexes` may lack some that are still being made. Thread-safe.
  std::function<bool()> complete = [] { return true; };
  /// The keys for cursors; given the cursor of a request, so that a key that was made a moment ago
  /// is looked for. Null: a key that only this process knows. Thread-safe.
  std::function<std::shared_ptr<const query::CursorKeys>(const std::string& cursor)> cursor_keys =
      {};
  /// Fetches a key set. Null: `jwks_url` has no keys. Thread-safe.
  std::function<std::string(const std::string& url)> fetch = {};
};

/// Listens from Start() to Stop(); both may be called twice, Stop() without Start(). Throws
/// Error(kFatal) when the address cannot be had. Port 0: any free one, see port().
class Server {
 public:
  Server(Backend backend, const config::Address& address, const std::optional<config::Tls>& tls);
  ~Server();
  void Start();
  /// Stops accepting, lets running requests finish until `deadline`.
  void Stop(std::chrono::steady_clock::time_point deadline);
  /// Puts keys, policies, limits and origins of another configuration in force; requests that run
  /// keep the old ones. `limits.concurrent` cannot go beyond what there are threads for since the
  /// start. Throws Error(kReject), and changes nothing, when the key set cannot be read.
  void Reload(const config::Config& config);
  std::uint16_t port() const;
  /// Whose request to the admin port this is, if credentials are wanted for it; `change`: it
  /// changes something. Throws Problem 401.
  std::string Admit(const HttpRequest& request, bool change);
  /// Whether the admin port may show values of rows for this request.
  bool MayShowRows(const HttpRequest& request) const;
  /// Writes to the audit log, if there is one.
  void Audit(const std::string& event, const std::string& caller, const std::string& address,
             const std::string& detail);
  /// Answers a request that came in by another listener, under the same rules.
  HttpResponse Answer(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pgsluice::api
