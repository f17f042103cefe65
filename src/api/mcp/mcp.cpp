#include "api/mcp/mcp.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

using json::Value;

// Newest first. The features that the tools use are the same in all of them.
constexpr std::array kVersions = {std::string_view("2025-11-25"), std::string_view("2025-06-18"),
                                  std::string_view("2025-03-26"), std::string_view("2024-11-05")};

// Error codes of JSON-RPC.
constexpr int kInvalidRequest = -32600, kUnknownMethod = -32601, kInvalidParams = -32602;

bool IsKnown(std::string_view version) {
  return std::find(kVersions.begin(), kVersions.end(), version) != kVersions.end();
}

Response Json(std::string body) {
  Response response;
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response Result(const std::string& id, const std::string& result) {
  return Json(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + result + "}");
}

Response Failure(const std::string& id, int code, const std::string& message) {
  return Json(fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":{},"message":{}}}}})", id,
                          code, json::Quote(message)));
}

std::string Initialize(const Value& params) {
  const Value* asked = params.Find("protocolVersion");
  const std::string_view version =
      asked != nullptr && asked->IsString() && IsKnown(asked->text) ? asked->text : kVersions[0];
  return fmt::format(
      R"({{"protocolVersion":"{}","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"pgsluice","title":"pgsluice search","version":"{}"}},"instructions":"Searches what a PostgreSQL database holds. Begin with list_indexes: it names the indexes and the fields that can be searched, filtered, sorted and counted."}})",
      version, PGSLUICE_VERSION);
}

/// Returns the result of a tool: the JSON of the REST API, as text and as data. A problem is a
/// result as well, so that the assistant can read what was wrong and try again.
std::string ToolResult(const Response& answer) {
  return fmt::format(
      R"({{"content":[{{"type":"text","text":{}}}],"structuredContent":{},"isError":{}}})",
      json::Quote(answer.body), answer.body, answer.status < 300 ? "false" : "true");
}

Response CallTool(const Request& request, const std::string& id, const Value& params,
                  const AskRest& ask) {
  const Value* name = params.Find("name");
  if (name == nullptr || !name->IsString())
    return Failure(id, kInvalidParams, "a tool has no name");
  static const Value kNone = json::Parse("{}");
  const Value* given = params.Find("arguments");
  const Value& arguments = given == nullptr || given->IsNull() ? kNone : *given;
  if (!arguments.IsObject()) return Failure(id, kInvalidParams, "arguments have to be an object");
  try {
    Request rest = ToolRequest(name->text, arguments);
    rest.credentials = request.credentials;
    rest.traceparent = request.traceparent;
    rest.peer = request.peer;
    rest.id = request.id;
    rest.socket = request.socket;
    return Result(id, ToolResult(ask(rest)));
  } catch (const Error& error) {
    return Failure(id, kInvalidParams, error.Full());
  }
}

Response AnswerMessage(const Request& request, const Value& message, const AskRest& ask,
                       const HasRoute& has_route) {
  const Value* method = message.Find("method");
  const Value* id_value = message.Find("id");
  if (id_value == nullptr || method == nullptr) {
    Response accepted;  // A notification, or a response without a request.
    accepted.status = 202;
    return accepted;
  }
  const std::string id = json::ToText(*id_value);
  if (!method->IsString() || !(id_value->IsString() || id_value->IsNumber())) {
    return Failure("null", kInvalidRequest, "not a request of JSON-RPC 2.0");
  }
  static const Value kNone = json::Parse("{}");
  const Value* given = message.Find("params");
  const Value& params = given == nullptr ? kNone : *given;
  if (method->text == "initialize") return Result(id, Initialize(params));
  if (method->text == "ping") return Result(id, "{}");
  if (method->text == "tools/list") return Result(id, ToolsJson(has_route));
  if (method->text == "tools/call") return CallTool(request, id, params, ask);
  return Failure(id, kUnknownMethod, "there is no method " + method->text);
}

}  // namespace

Response AnswerMcp(const Request& request, const std::string& version, const AskRest& ask,
                   const HasRoute& has_route) {
  if (!version.empty() && !IsKnown(version)) {
    throw query::Problem(400, "invalid_parameter",
                         fmt::format("MCP-Protocol-Version '{}' is not known; the newest one is {}",
                                     version, kVersions[0]));
  }
  Value message;
  try {
    message = json::Parse(request.body);
  } catch (const Error& error) {
    throw query::Problem(400, "invalid_json", error.what());
  }
  if (!message.IsObject()) {
    throw query::Problem(400, "invalid_json", "the body has to be one JSON-RPC message");
  }
  return AnswerMessage(request, message, ask, has_route);
}

}  // namespace pgsluice::api
