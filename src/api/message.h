#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pgsluice/query/problem.h"
#include "pgsluice/query/request.h"

namespace pgsluice::api {

/// A request whose body was read and whose sizes were checked.
struct Request {
  std::string method;
  std::string path;                   ///< As sent, without the query.
  std::vector<std::string> segments;  ///< Of the path, decoded.
  query::Parameters parameters;
  std::string body, content_type, accept, credentials;
  std::string id;  ///< Request id, safe to echo.
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string route = "unknown";  ///< For metrics: the pattern, never the URL.
};

Response ProblemResponse(const query::Problem& problem, const std::string& request_id);

}  // namespace pgsluice::api
