#pragma once

#include <functional>
#include <string>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// What the admin port asks the process. Called from its threads.
struct AdminCallbacks {
  std::function<bool()> ready;           ///< Can searches be answered, does the sync run?
  std::function<std::string()> reason;   ///< Why not ready.
  std::function<std::string()> metrics;  ///< Prometheus text.
  std::function<std::string()> status;   ///< JSON of CONTRACT 1, `status --json`.
};

/// The handler of the admin port: /healthz, /readyz, /metrics, /status.
Handler AdminHandler(AdminCallbacks callbacks);

}  // namespace pgsluice::api
