#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "api/instantsearch/instantsearch.h"
#include "api/rest/service.h"
#include "pgsluice/json/writer.h"

/// Endpoints that take several searches at once.
namespace pgsluice::api {

using query::Problem;

namespace {

constexpr std::size_t kSearches = 10;

json::Value ParseBody(const std::string& body) {
  try {
    return json::Parse(body);
  } catch (const Error& error) {
    throw Problem(400, "invalid_json", error.what());
  }
}

const std::vector<json::Value>& List(const json::Value* value, const char* name) {
  if (value == nullptr || !value->IsArray()) {
    query::Reject("invalid_parameter", name, std::nullopt,
                  fmt::format("'{}' is a list of searches", name));
  }
  if (value->items.size() > kSearches) {
    query::Reject("limit_exceeded", name, value->begin,
                  fmt::format("at most {} searches at once", kSearches));
  }
  return value->items;
}

}  // namespace

/// Charges the searches after the first one, because the request itself was counted as one.
void Service::ChargeRest(const Request& request, const Access& access, std::size_t searches) {
  if (searches > 1) Charge(request, access, static_cast<double>(searches - 1));
}

Response Service::MultiSearch(const Request& request, const Access& access) {
  const json::Value body = ParseBody(request.body);
  const json::Value* merge = body.Find("merge");
  const bool merged = merge != nullptr && !(merge->IsBool() && !merge->boolean);
  for (const auto& [name, value] : body.members) {
    const bool pages = merged && (name == "page" || name == "per_page");
    if (name == "searches" || name == "merge" || pages) continue;
    query::Reject("unknown_parameter", name, value.begin,
                  fmt::format("parameter '{}' is not known", name),
                  {"searches", "merge", "page", "per_page"});
  }
  const std::vector<json::Value>& searches = List(body.Find("searches"), "searches");
  ChargeRest(request, access, searches.size());
  if (merged) {
    Response response;
    response.body = Merged(body, searches, request, access);
    return response;
  }
  std::string results;
  for (const json::Value& item : searches) {
    const Response one = Guarded(request.id, [&] {
      const json::Value* index = item.Find("index");
      if (index == nullptr || !index->IsString()) {
        query::Reject("invalid_parameter", "index", item.begin, "a search names its index");
      }
      json::Value rest = item;
      std::erase_if(rest.members, [](const auto& member) { return member.first == "index"; });
      Request single = request;
      single.segments = {"v1", index->text, "search"};
      single.body = json::ToText(rest);
      return Search(single, access);
    });
    results += (results.empty() ? "" : ",") + one.body;
  }
  Response response;
  response.body = R"({"results":[)" + results + "]}";
  return response;
}

Response Service::InstantSearch(const Request& request, const Access& access) {
  const json::Value body = ParseBody(request.body);
  const std::vector<json::Value>& searches =
      List(body.IsArray() ? &body : body.Find("requests"), "requests");
  ChargeRest(request, access, searches.size());
  std::string results;
  for (const json::Value& item : searches) {
    if (!results.empty()) results += ',';
    results += InstantResult(item, request, access);
  }
  Response response;
  response.body = R"({"results":[)" + results + "]}";
  return response;
}

Response Service::InstantFacet(const Request& request, const Access& access) {
  json::Value item = ParseBody(request.body);
  if (!item.IsObject()) query::Reject("invalid_parameter", "params", 0, "an object was expected");
  std::erase_if(item.members, [](const auto& member) {
    return member.first == "indexName" || member.first == "facet";
  });
  const auto add = [&item](const char* name, const std::string& text) {
    json::Value& value = item.members.emplace_back(name, json::Value()).second;
    value.type = json::Type::kString;
    value.text = text;
  };
  add("indexName", request.segments[2]);
  add("facet", request.segments[4]);
  Response response;
  response.body = InstantResult(item, request, access);
  return response;
}

std::string Service::InstantResult(const json::Value& item, const Request& request,
                                   const Access& access) {
  const InstantQuery query = ReadInstant(item);
  ResolvedRequest asked = ResolveIndex(query.index, access);
  asked.request = ToSearchRequest(query, asked.schema);
  asked.request.per_page = access.PerPage(asked.request.per_page.value_or(20));
  // These clients highlight unless they say otherwise.
  if (!access.MayHighlight()) asked.request.highlight.clear();
  access.CheckParameters(asked.request);
  if (!query.facet_name.empty()) {
    asked.request.q.clear();
    return InstantFacetHits(ValuesOf(asked, query.facet_name, query.facet_query, request), query);
  }
  asked.UseRules();
  return InstantAnswer(RunSearch(asked, request, query.tags), query, asked.request);
}

Response Service::Recommendations(const Request& request, const Access& access) {
  const json::Value body = ParseBody(request.body);
  const std::vector<json::Value>& items = List(body.Find("requests"), "requests");
  ChargeRest(request, access, items.size());
  std::string results;
  for (const json::Value& item : items) {
    results += (results.empty() ? "" : ",") + Recommended(item, request, access);
  }
  Response response;
  response.body = R"({"results":[)" + results + "]}";
  return response;
}

std::string Service::Recommended(const json::Value& item, const Request& request,
                                 const Access& access) {
  const InstantSimilar similar = ReadInstantSimilar(item);
  ResolvedRequest asked = ResolveIndex(similar.query.index, access);
  asked.request = ToSearchRequest(similar.query, asked.schema);
  asked.request.per_page = access.PerPage(asked.request.per_page.value_or(30));
  asked.request.highlight.clear();
  access.CheckParameters(asked.request);
  try {
    return InstantAnswer(RunSimilar(asked, similar.id, request), similar.query, asked.request);
  } catch (const Problem& problem) {
    if (problem.code() != "document_not_found") throw;
    // A widget for a product that is not indexed yet stays empty.
    return InstantAnswer(R"({"hits":[],"total":{"value":0,"relation":"eq"},"facets":{}})",
                         similar.query, asked.request);
  }
}

}  // namespace pgsluice::api
