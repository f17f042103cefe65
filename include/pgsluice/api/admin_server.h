#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// What the admin port asks the process. Called from its threads.
struct AdminCallbacks {
  std::function<bool()> ready;           ///< Can searches be answered, does the sync run?
  std::function<std::string()> reason;   ///< Why not ready.
  std::function<std::string()> metrics;  ///< Prometheus text.
  std::function<std::string()> status;   ///< JSON of CONTRACT 1, `status --json`.
  /// JSON of CONTRACT 1, `dead-letters list --json`, as far as the request may see it.
  std::function<std::string(const HttpRequest& request)> dead_letters;
  /// Enqueues all dead letters again, or the one of that id (and database, if they have names); how
  /// many. Throws Problem for a database that does not exist.
  std::function<std::int64_t(const std::string& database, std::optional<std::int64_t> id)> retry;
  /// Whose request it is, if a key is wanted for it; throws Problem 401.
  std::function<std::string(const HttpRequest& request, bool change)> admit =
      [](const HttpRequest&, bool) { return std::string(); };
  std::function<void(const std::string& event, const std::string& caller,
                     const std::string& address, const std::string& detail)>
      audit = [](const std::string&, const std::string&, const std::string&, const std::string&) {};
  std::function<bool()> may_search;  ///< May the page use the REST API under this address?
  Handler search;                    ///< The REST API.
};

/// The handler of the admin port: /healthz, /readyz, /metrics, /status, /dead-letters and
/// /dead-letters/retry, and the page with its files.
Handler AdminHandler(AdminCallbacks callbacks);

}  // namespace pgsluice::api
