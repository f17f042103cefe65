#pragma once

#include <optional>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// Answers `GET /` of the API: a short page for people, JSON for machines. Also answers the API
/// reference that the page links to, which the browser renders from /openapi.json. Returns nullopt
/// for any other request.
std::optional<HttpResponse> Home(const HttpRequest& request);

}  // namespace pgsluice::api
