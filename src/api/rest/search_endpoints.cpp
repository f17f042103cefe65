#include "api/rest/search_endpoints.h"

#include <spdlog/fmt/fmt.h>

#include "pgsluice/json/writer.h"

namespace pgsluice::api {

Response SearchEndpoints::Search(const Request& request, const Access& access) {
  Response response;
  std::string timing;
  response.body = searcher_.Run(resolver_.ParseSearch(request, access, query::kSearchParameters),
                                request, {}, &timing);
  response.headers.emplace_back("Server-Timing", timing);
  return response;
}

Response SearchEndpoints::Count(const Request& request, const Access& access) {
  const ResolvedRequest asked = resolver_.ParseSearch(request, access, query::kCountParameters);
  const Partial partial = reads_.BringUp(asked, request);
  const std::string count = searcher_.CountOf(asked, request);
  Response response;
  response.body =
      fmt::format(R"({{"count":{},"meta":{{{}}}}})", count, reads_.Meta(asked, request, partial));
  return response;
}

Response SearchEndpoints::Facet(const Request& request, const Access& access) {
  ResolvedRequest asked = resolver_.ParseSearch(request, access, query::kFacetParameters);
  const std::string prefix = std::move(asked.request.q);
  asked.request.q.clear();
  asked.UseRules();
  Response response;
  response.body = searcher_.ValuesOf(asked, request.segments[3], prefix, request);
  return response;
}

Response SearchEndpoints::Suggest(const Request& request, const Access& access) {
  ResolvedRequest asked = resolver_.ParseSearch(request, access, query::kSuggestParameters);
  if (asked.request.field.empty()) {
    query::Reject("invalid_parameter", "field", std::nullopt, "'field' is needed");
  }
  const std::string prefix = std::move(asked.request.q);
  asked.request.q.clear();
  asked.UseRules();
  const json::Value values =
      json::Parse(searcher_.ValuesOf(asked, asked.request.field, prefix, request));
  Response response;
  response.body = R"({"suggestions":)" + json::ToText(*values.Find("values")) + R"(,"meta":)" +
                  json::ToText(*values.Find("meta")) + "}";
  return response;
}

}  // namespace pgsluice::api
