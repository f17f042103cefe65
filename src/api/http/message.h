#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/api/http_server.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/request.h"

namespace pgsluice::api {

using Response = HttpResponse;

/// A request as the endpoints receive it.
struct Request {
  std::string method;
  std::vector<std::string> segments;  ///< Of the path, decoded.
  query::Parameters parameters;
  std::string body, credentials;
  std::string if_none_match;
  std::string traceparent;  ///< For requests to the engine; may be empty.
  std::string peer;         ///< Address of the caller.
  std::string id;           ///< Request id, safe to echo.
  int socket = -1;          ///< Of the caller.
};

/// Decodes the URL and checks the content types that the caller sends and accepts. Throws Problem
/// (400, 406, 415).
Request ReadRest(const HttpRequest& http);

/// Returns the key or token of a request, or "".
std::string Credentials(const HttpRequest& http);

/// Percent-decodes a text; nullopt if it is malformed. `plus`: + is a space.
std::optional<std::string> UrlDecode(std::string_view text, bool plus);
/// Reads "a=1&b=2". Throws Problem 400.
query::Parameters ReadQuery(std::string_view query);

Response ProblemResponse(const query::Problem& problem, const std::string& request_id);

}  // namespace pgsluice::api
