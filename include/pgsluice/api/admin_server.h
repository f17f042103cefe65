#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// The functions behind the admin port. Called from its threads.
struct AdminCallbacks {
  std::function<bool()> ready;           ///< Can searches be answered, and does the sync run?
  std::function<std::string()> reason;   ///< Why it is not ready.
  std::function<std::string()> metrics;  ///< Prometheus text.
  std::function<std::string()> status;   ///< The JSON of `status --json`.
  /// The JSON of `dead-letters list --json`, limited to what the request may see.
  std::function<std::string(const HttpRequest& request)> dead_letters;
  /// Enqueues all dead letters again, or the one with this id (and database, if there are several).
  /// Returns how many. Throws Problem for a database that does not exist.
  std::function<std::int64_t(const std::string& database, std::optional<std::int64_t> id)> retry;
  /// Returns the caller's name, if a key is required; throws Problem 401.
  std::function<std::string(const HttpRequest& request, bool change)> admit =
      [](const HttpRequest&, bool) { return std::string(); };
  std::function<void(const std::string& event, const std::string& caller,
                     const std::string& address, const std::string& detail)>
      audit = [](const std::string&, const std::string&, const std::string&, const std::string&) {};
  std::function<bool()> may_search;  ///< May the page use the REST API at this address?
  Handler search;                    ///< The REST API.
};

/// Returns the handler of the admin port: /healthz, /readyz, /metrics, /status, /dead-letters and
/// /dead-letters/retry, and the page with its files.
Handler AdminHandler(AdminCallbacks callbacks);

}  // namespace pgsluice::api
