#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// The host of "host", "host:port" or "[address]:port", in lower case and without brackets.
/// Nothing if the text is not of that form.
std::optional<std::string> HostOf(std::string_view authority);

/// Returns a refusal if the rule does not allow the host that the request names. `local` is the
/// address at which the request arrived.
std::optional<Refusal> CheckHost(const HostRule& rule, const HttpRequest& request,
                                 const std::string& local);

}  // namespace pgsluice::api
