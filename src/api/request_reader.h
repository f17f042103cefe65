#pragma once

#include <Poco/Net/HTTPServerRequest.h>

#include <optional>
#include <string>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// Why a request is not even looked at.
struct Refusal {
  int status;
  std::string code, detail;
};

/// Reads a request whole, within the limits. Always sets `out.id`.
std::optional<Refusal> ReadRequest(Poco::Net::HTTPServerRequest& request, const HttpLimits& limits,
                                   HttpRequest& out);

}  // namespace pgsluice::api
