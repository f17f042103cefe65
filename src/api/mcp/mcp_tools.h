#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/http/message.h"
#include "pgsluice/json/value.h"

namespace pgsluice::api {

/// Whether the REST API has a route of this pattern.
using HasRoute = std::function<bool(std::string_view pattern)>;

/// {"tools":[…]}: names, descriptions and the JSON Schemas of the arguments, of the tools that have
/// a route.
std::string ToolsJson(const HasRoute& has_route);

/// The request to the REST API that a tool stands for, without the caller. Throws Error(kReject)
/// for a tool that does not exist, and for arguments that are missing or cannot be.
Request ToolRequest(const std::string& tool, const json::Value& arguments);

}  // namespace pgsluice::api
