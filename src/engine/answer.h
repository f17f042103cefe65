#pragma once

#include <string>
#include <string_view>

#include "pgsluice/http/transport.h"
#include "pgsluice/json/value.h"

namespace pgsluice::engine {

/// Returns if the response is a success (2xx). Otherwise throws an error that fits the status:
/// 401/403 kFatal, 408/429/5xx kRetry, any other kReject. `what` describes the attempt: "cannot
/// create index x".
void Require(const http::Response& response, const std::string& what);

/// Like Require(), for a request about one index. A temporary failure, or a response that does not
/// come from the engine (404, 405, 408, 409, 429, 5xx), becomes IndexRefused, so that it does not
/// delay other indexes.
void RequireTaken(const http::Response& response, const std::string& what);

/// Handles only 401 and 403. `text` becomes the whole message.
void RequireAllowed(int status, const std::string& text);

/// Returns whether the engine reports that the object does not exist. A 404 from anything else,
/// such as a load balancer without a backend, does not count.
bool IsMissing(const http::Response& response);

/// Returns the JSON of a response. Throws Error(kRetry) if it is not JSON, because then it does not
/// come from the engine.
json::Value ParseAnswer(const http::Response& response, const std::string& what);

/// Returns "type: reason" of an engine's error body, or the beginning of any other body.
std::string ErrorReason(std::string_view body);

/// Returns the value of a header, or empty. The case of names does not matter.
std::string_view Header(const http::Response& response, std::string_view name);

}  // namespace pgsluice::engine
