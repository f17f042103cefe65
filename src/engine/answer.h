#pragma once

#include <string>
#include <string_view>

#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"

namespace pgsluice::engine {

/// Returns when the answer is a success (2xx). Else throws what the status means: 401/403 kFatal,
/// 408/429/5xx kRetry, anything else kReject. `what` is what was tried: "cannot create index x".
void Require(const http::Response& response, const std::string& what);

/// The same for a request that concerns one index. An answer that passes or is not the engine's
/// (404, 405, 408, 409, 429, 5xx) is IndexRefused, so that it holds up no other index.
void RequireTaken(const http::Response& response, const std::string& what);

/// The part of that about 401 and 403. `text` says it all.
void RequireAllowed(int status, const std::string& text);

/// The engine says that what was asked for is not there. A 404 of anything else (a load balancer
/// without a backend) is none of its answers.
bool IsMissing(const http::Response& response);

/// The JSON of an answer; what is no JSON is Error(kRetry): something else than the engine spoke.
json::Value ParseAnswer(const http::Response& response, const std::string& what);

/// "type: reason" of an engine's error body, or the beginning of what is none.
std::string ErrorReason(std::string_view body);

/// The value of a header, or empty. Names in any case.
std::string_view Header(const http::Response& response, std::string_view name);

}  // namespace pgsluice::engine
