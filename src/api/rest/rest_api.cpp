#include "api/rest/rest_api.h"

#include "api/rest/guarded.h"
#include "api/rest/problems.h"

namespace pgsluice::api {

namespace {

/// Adds random keys if the installation has none. Cursors are then valid only in this process.
Backend WithCursorKeys(Backend backend) {
  if (!backend.cursor_keys) {
    backend.cursor_keys = [keys = query::CursorKeys::OfThisProcess()](const std::string&) {
      return keys;
    };
  }
  return backend;
}

/// Answers again if the fields of an index changed while the request waited. The wait is over then,
/// so the next answer takes no longer than one without a wait.
template <typename Make>
Response WithPresentFields(const Make& make) {
  constexpr int kTries = 5;
  for (int tries = 0; tries < kTries; ++tries) {
    try {
      return make();
    } catch (const Redefined&) {
      continue;
    }
  }
  throw NotReady();
}

}  // namespace

RestApi::RestApi(Backend backend, Gate& gate)
    : backend_(WithCursorKeys(std::move(backend))),
      gate_(gate),
      resolver_(backend_),
      engine_(backend_),
      reads_(backend_, gate_, engine_),
      searcher_(backend_, engine_, reads_),
      endpoints_(backend_, gate_, resolver_, limits_, engine_, reads_, searcher_) {}

void RestApi::Use(std::shared_ptr<const Settings> settings) {
  gate_.SetConcurrent(settings->limits.concurrent);
  resolver_.Use(std::move(settings));
}

Response RestApi::Handle(const Request& request) {
  std::string pattern = "unknown";
  const std::shared_ptr<const Settings> now = settings();
  std::optional<Access> known;
  Response response = Guarded(request.id, [&] {
    limits_.ChargeAddress(request, now->limits);
    const Route& route = FindRoute(request, pattern);
    const Gate::Pass pass(gate_);
    const Access& access = known.emplace(Access::Of(*now, request.credentials));
    limits_.Charge(request, access, 1);
    return WithPresentFields([&] { return route.answer(endpoints_, request, access); });
  });
  response.route = pattern;
  if (known) response.caller = known->caller();
  if (now->audit_log) Audit(*now->audit_log, request, response, known);
  return response;
}

Response RestApi::ForCaller(const Request& request, const char* route,
                            const std::function<Response()>& make) {
  const std::shared_ptr<const Settings> now = settings();
  std::string caller;
  Response response = Guarded(request.id, [&] {
    limits_.ChargeAddress(request, now->limits);
    const Access access = Access::Of(*now, request.credentials);
    caller = access.caller();
    limits_.Charge(request, access, 1);
    return WithPresentFields(make);
  });
  response.route = route;
  response.caller = caller;
  return response;
}

void RestApi::Audit(RequestLog& log, const Request& request, const Response& response,
                    const std::optional<Access>& access) {
  std::string indexes;
  if (access) {
    for (const std::string& name : access->asked_indexes()) {
      indexes += (indexes.empty() ? "" : ",") + name;
    }
  }
  log.Write({{"event", response.status == 401 ? "login_failed" : "request"},
             {"caller", response.caller.empty() ? "anonymous" : response.caller},
             {"address", request.peer},
             {"route", response.route},
             {"indexes", indexes},
             {"status", std::to_string(response.status)},
             {"request_id", request.id}});
}

}  // namespace pgsluice::api
