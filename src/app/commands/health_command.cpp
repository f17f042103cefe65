#include <ostream>

#include "app/commands/commands.h"
#include "app/commands/local_service.h"
#include "pgsluice/json/build.h"

namespace pgsluice::app {

int RunHealth(const Context& context) {
  const config::Address& address = context.config.admin_listen;
  const auto answer =
      AskService(address, context.config.admin_tls, "/healthz", std::chrono::seconds(5));
  const bool healthy = answer && answer->status == 200;
  const std::string reason =
      healthy   ? ""
      : !answer ? "nothing answers at " + address.host + ':' + std::to_string(address.port)
                : "unhealthy: " + std::to_string(answer->status) + ' ' + answer->body;
  if (context.invocation.Has("json")) {
    json::ObjectPtr outcome = json::Members({{"healthy", healthy}});
    if (!healthy) outcome->set("reason", reason);
    context.out << json::ToText(outcome) << '\n';
  }
  if (!healthy) {
    throw Error(Disposition::kRetry, reason,
                answer ? "" : "is the service running? its admin address is admin_listen");
  }
  if (!context.invocation.Has("json")) context.out << "healthy\n";
  return kOk;
}

}  // namespace pgsluice::app
