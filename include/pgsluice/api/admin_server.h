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
  /// JSON of CONTRACT 1, `dead-letters list --json`.
  std::function<std::string()> dead_letters;
  /// Enqueues all dead letters again, or the one of that id; how many.
  std::function<std::int64_t(std::optional<std::int64_t> id)> retry;
  std::function<bool()> may_search;  ///< May the page use the REST API under this address?
  Handler search;                    ///< The REST API.
};

/// The handler of the admin port: /healthz, /readyz, /metrics, /status, /dead-letters and
/// /dead-letters/retry, and the page with its files.
Handler AdminHandler(AdminCallbacks callbacks);

}  // namespace pgsluice::api
