#pragma once

#include <Poco/Net/HTTPServerRequest.h>

#include <optional>
#include <string>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// Reads a request whole, within the limits. Always sets `out.id`. Sends "100 Continue" where the
/// caller waits for it and the body may come.
std::optional<Refusal> ReadRequest(Poco::Net::HTTPServerRequest& request, const HttpLimits& limits,
                                   HttpRequest& out);

std::string NewRequestId();

}  // namespace pgsluice::api
