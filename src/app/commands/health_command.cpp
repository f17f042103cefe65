#include <ostream>

#include "app/commands/commands.h"
#include "app/commands/local_service.h"

namespace pgsluice::app {

int RunHealth(const Context& context) {
  const config::Address& address = context.config.admin_listen;
  const auto answer =
      AskService(address, context.config.admin_tls, "/healthz", std::chrono::seconds(5));
  if (!answer) {
    throw Error(Disposition::kRetry,
                "nothing answers at " + address.host + ':' + std::to_string(address.port),
                "is the service running? its admin address is admin_listen");
  }
  if (answer->status != 200) {
    throw Error(Disposition::kRetry,
                "unhealthy: " + std::to_string(answer->status) + ' ' + answer->body);
  }
  context.out << "healthy\n";
  return kOk;
}

}  // namespace pgsluice::app
