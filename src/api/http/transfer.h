#pragma once

#include <string>
#include <vector>

#include "pgsluice/api/http_server.h"

/// What HTTP adds around an answer.
namespace pgsluice::api {

/// Compresses bodies of a kibibyte and more for callers that take gzip.
void Compress(const HttpRequest& request, HttpResponse& response);

/// Lets pages of these origins read the answer; what comes from others is left as it is.
void AllowOrigin(const std::vector<std::string>& origins, const HttpRequest& request,
                 HttpResponse& response);

/// Keeps caches from showing the answer to other callers: it depends on who asks.
void ForCallerAlone(HttpResponse& response);

}  // namespace pgsluice::api
