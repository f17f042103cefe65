#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// Returns the host of "host", "host:port" or "[address]:port", in lower case and without brackets.
/// Returns nullopt for any other text.
std::optional<std::string> HostOf(std::string_view authority);

/// Returns a refusal if the rule does not allow the request's host. `local` is the address at which
/// the request arrived.
std::optional<Refusal> CheckHost(const HostRule& rule, const HttpRequest& request,
                                 const std::string& local);

}  // namespace pgsluice::api
