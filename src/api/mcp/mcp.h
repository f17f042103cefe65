#pragma once

#include <functional>
#include <string>

#include "api/http/message.h"
#include "api/mcp/mcp_tools.h"

/// The Model Context Protocol over streamable HTTP, for assistants. Each tool becomes a request to
/// the REST API with the caller's own credentials, so that keys, policies and limits apply.
namespace pgsluice::api {

/// Sends a request to the REST API.
using AskRest = std::function<Response(const Request&)>;

/// Answers one POST /mcp. Throws Problem 400 for a body that is not a JSON-RPC message, and for an
/// unknown version of the protocol (`version`, from the header). Responses are JSON, never a
/// stream, because every tool is fast.
Response AnswerMcp(const Request& request, const std::string& version, const AskRest& ask,
                   const HasRoute& has_route);

}  // namespace pgsluice::api
