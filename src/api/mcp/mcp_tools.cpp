#include "api/mcp/mcp_tools.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "pgsluice/base/error.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

using json::Value;

struct Argument {
  std::string_view name;
  std::string_view schema;
  bool required = false;
};

struct Tool {
  std::string_view name, description;
  std::string_view method;  ///< Of the REST API.
  std::string_view path;    ///< "{index}" is an argument.
  std::vector<Argument> arguments;
};

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kTexts = R"({"type":"array","items":{"type":"string"}})";

const Argument kIndex{"index", R"({"type":"string","description":"Name of an index."})", true};
const Argument kId{"id", R"({"type":"string","description":"Id of a document."})", true};
const Argument kQ{
    "q", R"({"type":"string","description":"Text; empty finds all. \"phrases\" and -word work."})"};
const Argument kFilter{
    "filter",
    R"x({"type":"string","description":"A condition, for example: status = live AND (price < 50 OR tags IN [oss, ml])"})x"};
const Argument kFields{
    "fields", R"({"type":"array","items":{"type":"string"},"description":"Wanted fields."})"};
const Argument kPage{"page", R"({"type":"integer","minimum":1})"};
const Argument kPerPage{"per_page", R"({"type":"integer","minimum":0,"maximum":100})"};

const std::vector<Tool>& Tools() {
  static const std::vector<Tool> tools = {
      {"list_indexes",
       "Lists the indexes with their fields: which can be searched, filtered, sorted and counted.",
       "GET",
       "/v1/indexes",
       {}},
      {"search",
       "Searches an index: text, filter, order, pages, counts of values.",
       "POST",
       "/v1/{index}/search",
       {kIndex,
        kQ,
        kFilter,
        {"sort", R"({"type":"array","items":{"type":"string"},"description":"created_at:desc"})"},
        {"facets",
         R"({"type":"array","items":{"type":"string"},"description":"Fields to count."})"},
        kFields,
        {"highlight", kTexts},
        {"match", R"({"type":"string","enum":["all","any","most"]})"},
        {"count", R"({"type":"string","enum":["estimated","exact","none"]})"},
        {"consistency", R"({"type":"string","enum":["eventual","strong"]})"},
        {"after", kText},
        kPage,
        kPerPage,
        {"cursor", R"({"type":"string","description":"page.next_cursor of the answer before."})"}}},
      {"get", "One document by its id.", "GET", "/v1/{index}/docs/{id}", {kIndex, kId, kFields}},
      {"facets",
       "The values of a field and how often they occur, under a text and a filter.",
       "GET",
       "/v1/{index}/facets/{field}",
       {kIndex,
        {"field", R"({"type":"string","description":"Path of a field."})", true},
        kQ,
        kFilter,
        {"size", R"({"type":"integer","minimum":1,"maximum":100})"}}},
      {"similar",
       "Documents that are like one document.",
       "GET",
       "/v1/{index}/docs/{id}/similar",
       {kIndex, kId, kFields, kFilter, kPage, kPerPage}}};
  return tools;
}

[[noreturn]] void Refuse(const std::string& message) { throw Error(Disposition::kReject, message); }

/// Returns a value as a parameter of a query string.
std::string InQuery(const std::string& name, const Value& value) {
  if (value.IsBool()) return value.boolean ? "true" : "false";
  if (value.IsString() || value.IsNumber()) return value.text;
  if (!value.IsArray()) Refuse("argument '" + name + "' has to be a text, a number or a list");
  std::string list;
  for (const Value& item : value.items) {
    if (!item.IsString()) Refuse("argument '" + name + "' has to be a list of texts");
    list += (list.empty() ? "" : ",") + item.text;
  }
  return list;
}

std::vector<std::string> Segments(const Tool& tool, const Value& arguments) {
  std::vector<std::string> segments;
  std::string_view path = tool.path;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segment.front() != '{') {
      segments.emplace_back(segment);
      continue;
    }
    const std::string name(segment.substr(1, segment.size() - 2));
    const Value* value = arguments.Find(name);
    // A path without its id would be a different request.
    if (value == nullptr || InQuery(name, *value).empty()) {
      Refuse(fmt::format("{} needs the argument '{}'", tool.name, name));
    }
    segments.push_back(InQuery(name, *value));
  }
  return segments;
}

bool IsInPath(const Tool& tool, const std::string& name) {
  return tool.path.find("{" + name + "}") != std::string_view::npos;
}

std::string SchemaOf(const Tool& tool) {
  std::string properties, required;
  for (const Argument& argument : tool.arguments) {
    properties +=
        fmt::format("{}\"{}\":{}", properties.empty() ? "" : ",", argument.name, argument.schema);
    if (argument.required) {
      required += fmt::format("{}\"{}\"", required.empty() ? "" : ",", argument.name);
    }
  }
  return fmt::format(R"({{"type":"object","properties":{{{}}},"required":[{}]}})", properties,
                     required);
}

}  // namespace

std::string ToolsJson(const HasRoute& has_route) {
  std::string list;
  for (const Tool& tool : Tools()) {
    if (!has_route(tool.path)) continue;
    list += fmt::format(
        R"({}{{"name":"{}","description":{},"inputSchema":{},"annotations":{{"readOnlyHint":true}}}})",
        list.empty() ? "" : ",", tool.name, json::Quote(tool.description), SchemaOf(tool));
  }
  return R"({"tools":[)" + list + "]}";
}

Request ToolRequest(const std::string& name, const Value& arguments) {
  const auto tool = std::find_if(Tools().begin(), Tools().end(),
                                 [&](const Tool& one) { return one.name == name; });
  if (tool == Tools().end()) Refuse("there is no tool '" + name + "'");
  Request request;
  request.method = tool->method;
  request.segments = Segments(*tool, arguments);
  Value body = json::Parse("{}");
  for (const auto& [argument, value] : arguments.members) {
    if (IsInPath(*tool, argument)) continue;
    if (request.method == "POST") {
      body.members.emplace_back(argument, value);
    } else {
      request.parameters.emplace_back(argument, InQuery(argument, value));
    }
  }
  if (request.method == "POST") request.body = json::ToText(body);
  return request;
}

}  // namespace pgsluice::api
