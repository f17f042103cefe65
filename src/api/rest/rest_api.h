#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/auth/access.h"
#include "api/http/message.h"
#include "api/rest/gate.h"
#include "api/rest/router.h"
#include "api/settings.h"
#include "pgsluice/api/server.h"

namespace pgsluice::api {

/// The REST API without HTTP. Handle() answers one request and never throws. Thread-safe.
class RestApi {
 public:
  RestApi(Backend backend, Gate& gate);
  Response Handle(const Request& request);

  /// Runs `make` if the credentials are valid and no limit is exceeded; otherwise returns the
  /// error. For other protocols on the same port. `route` is for metrics and logs.
  Response ForCaller(const Request& request, const char* route,
                     const std::function<Response()>& make);

  /// Applies other keys, policies and limits; running requests keep the old ones.
  void Use(std::shared_ptr<const Settings> settings);
  std::shared_ptr<const Settings> settings() const { return resolver_.settings(); }

 private:
  static void Audit(RequestLog& log, const Request& request, const Response& response,
                    const std::optional<Access>& access);

  // Members use those declared before them.
  Backend backend_;
  Gate& gate_;
  Resolver resolver_;
  RateLimits limits_;
  SearchEngine engine_;
  ConsistentReads reads_;
  Searcher searcher_;
  Endpoints endpoints_;
};

}  // namespace pgsluice::api
