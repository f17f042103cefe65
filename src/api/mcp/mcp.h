#pragma once

#include <functional>
#include <string>

#include "api/http/message.h"
#include "api/mcp/mcp_tools.h"

/// The Model Context Protocol over streamable HTTP, for assistants: each tool is a request to the
/// REST API with the caller's own credentials, so that keys, policies and limits hold.
namespace pgsluice::api {

/// Asks the REST API.
using AskRest = std::function<Response(const Request&)>;

/// Answers one POST /mcp. Throws Problem 400 for a body that is not a JSON-RPC message, and for a
/// version of the protocol (`version`, from the header) that is not known. Answers are JSON, never
/// a stream: no tool takes long.
Response AnswerMcp(const Request& request, const std::string& version, const AskRest& ask,
                   const HasRoute& has_route);

}  // namespace pgsluice::api
