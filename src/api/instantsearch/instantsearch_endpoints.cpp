#include "api/instantsearch/instantsearch_endpoints.h"

#include "api/instantsearch/instantsearch.h"
#include "api/rest/batch.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

using query::Problem;

Response InstantSearchEndpoints::Search(const Request& request, const Access& access) {
  const json::Value body = ParseBody(request.body);
  const std::vector<json::Value>& searches =
      SearchesOf(body.IsArray() ? &body : body.Find("requests"), "requests");
  limits_.ChargeRest(request, access, searches.size());
  std::string results;
  for (const json::Value& item : searches) {
    if (!results.empty()) results += ',';
    results += Result(item, request, access);
  }
  Response response;
  response.body = R"({"results":[)" + results + "]}";
  return response;
}

Response InstantSearchEndpoints::Facet(const Request& request, const Access& access) {
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
  response.body = Result(item, request, access);
  return response;
}

std::string InstantSearchEndpoints::Result(const json::Value& item, const Request& request,
                                           const Access& access) {
  const InstantQuery query = ReadInstant(item);
  ResolvedRequest asked = resolver_.ResolveIndex(query.index, access);
  asked.request = ToSearchRequest(query, asked.schema);
  asked.request.per_page = access.PerPage(asked.request.per_page.value_or(20));
  // These clients highlight unless they say otherwise.
  if (!access.MayHighlight()) asked.request.highlight.clear();
  access.CheckParameters(asked.request);
  if (!query.facet_name.empty()) {
    asked.request.q.clear();
    return InstantFacetHits(searcher_.ValuesOf(asked, query.facet_name, query.facet_query, request),
                            query);
  }
  asked.UseRules();
  return InstantAnswer(searcher_.Run(asked, request, query.tags), query, asked.request);
}

Response InstantSearchEndpoints::Recommendations(const Request& request, const Access& access) {
  const json::Value body = ParseBody(request.body);
  const std::vector<json::Value>& items = SearchesOf(body.Find("requests"), "requests");
  limits_.ChargeRest(request, access, items.size());
  std::string results;
  for (const json::Value& item : items) {
    results += (results.empty() ? "" : ",") + Recommended(item, request, access);
  }
  Response response;
  response.body = R"({"results":[)" + results + "]}";
  return response;
}

std::string InstantSearchEndpoints::Recommended(const json::Value& item, const Request& request,
                                                const Access& access) {
  const InstantSimilar similar = ReadInstantSimilar(item);
  ResolvedRequest asked = resolver_.ResolveIndex(similar.query.index, access);
  asked.request = ToSearchRequest(similar.query, asked.schema);
  asked.request.per_page = access.PerPage(asked.request.per_page.value_or(30));
  asked.request.highlight.clear();
  access.CheckParameters(asked.request);
  try {
    return InstantAnswer(documents_.RunSimilar(asked, similar.id, request), similar.query,
                         asked.request);
  } catch (const Problem& problem) {
    if (problem.code() != "document_not_found") throw;
    // A widget for a product that is not indexed yet stays empty.
    return InstantAnswer(R"({"hits":[],"total":{"value":0,"relation":"eq"},"facets":{}})",
                         similar.query, asked.request);
  }
}

}  // namespace pgsluice::api
