#pragma once

#include <string>
#include <vector>

#include "pgsluice/api/http_server.h"

/// Compression, CORS and caching headers of responses.
namespace pgsluice::api {

/// Compresses bodies of at least one kibibyte if the caller accepts gzip.
void Compress(const HttpRequest& request, HttpResponse& response);

/// Lets pages of these origins read the response; leaves other responses unchanged.
void AllowOrigin(const std::vector<std::string>& origins, const HttpRequest& request,
                 HttpResponse& response);

/// Prevents caches from showing the response to other callers, because it depends on the caller.
void ForCallerAlone(HttpResponse& response);

}  // namespace pgsluice::api
