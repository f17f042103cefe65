// The parts of the REST API that other protocols on the same port use.

#include <algorithm>

#include "api/rest/service.h"

namespace pgsluice::api {

bool Service::HasRoute(std::string_view pattern) {
  const std::vector<Route>& routes = Routes();
  return std::any_of(routes.begin(), routes.end(),
                     [&](const Route& route) { return route.pattern == pattern; });
}

Response Service::ForCaller(const Request& request, const char* route,
                            const std::function<Response()>& make) {
  const std::shared_ptr<const Settings> now = settings();
  std::string caller;
  Response response = Guarded(request.id, [&] {
    ChargeAddress(request, now->limits);
    const Access access = Access::Of(*now, request.credentials);
    caller = access.caller();
    Charge(request, access, 1);
    return make();
  });
  response.route = route;
  response.caller = caller;
  return response;
}

}  // namespace pgsluice::api
