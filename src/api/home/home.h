#pragma once

#include <optional>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// `GET /` of the API: a short page for people, JSON for machines; and the reference that the page
/// links to, which the browser renders from /openapi.json. Nothing for any other request.
std::optional<HttpResponse> Home(const HttpRequest& request);

}  // namespace pgsluice::api
