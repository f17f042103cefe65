#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/http/message.h"
#include "pgsluice/json/value.h"

namespace pgsluice::api {

/// Returns whether the REST API has a route with this pattern.
using HasRoute = std::function<bool(std::string_view pattern)>;

/// Returns {"tools":[…]}: names, descriptions and the JSON Schemas of the arguments, for the tools
/// that have a route.
std::string ToolsJson(const HasRoute& has_route);

/// Returns the request to the REST API for a tool, without the caller. Throws Error(kReject) for an
/// unknown tool, and for missing or impossible arguments.
Request ToolRequest(const std::string& tool, const json::Value& arguments);

}  // namespace pgsluice::api
