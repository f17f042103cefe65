#include "api/rest/router.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <vector>

namespace pgsluice::api {

using query::Problem;

namespace {

template <auto group, auto endpoint>
Response To(Endpoints& endpoints, const Request& request, const Access& access) {
  return ((endpoints.*group).*endpoint)(request, access);
}

const std::vector<Route>& Routes() {
  static const std::vector<Route> routes = {
      {"/openapi.json", "GET", To<&Endpoints::indexes, &IndexEndpoints::Describe>},
      {"/v1/indexes", "GET", To<&Endpoints::indexes, &IndexEndpoints::Indexes>},
      {"/v1/indexes/{index}", "GET", To<&Endpoints::indexes, &IndexEndpoints::Indexes>},
      {"/v1/sync", "GET", To<&Endpoints::indexes, &IndexEndpoints::Sync>},
      {"/v1/sync/wait", "GET", To<&Endpoints::indexes, &IndexEndpoints::SyncWait>},
      {"/v1/multi-search", "POST", To<&Endpoints::multi, &MultiSearchEndpoint::MultiSearch>},
      {"/v1/instantsearch", "POST", To<&Endpoints::instant, &InstantSearchEndpoints::Search>},
      {"/1/indexes/*/recommendations", "POST",
       To<&Endpoints::instant, &InstantSearchEndpoints::Recommendations>},
      {"/1/indexes/{index}/queries", "POST",
       To<&Endpoints::instant, &InstantSearchEndpoints::Search>},
      {"/1/indexes/{index}/facets/{field}/query", "POST",
       To<&Endpoints::instant, &InstantSearchEndpoints::Facet>},
      {"/v1/{index}/search", "GET", To<&Endpoints::search, &SearchEndpoints::Search>},
      {"/v1/{index}/search", "POST", To<&Endpoints::search, &SearchEndpoints::Search>},
      {"/v1/{index}/count", "GET", To<&Endpoints::search, &SearchEndpoints::Count>},
      {"/v1/{index}/count", "POST", To<&Endpoints::search, &SearchEndpoints::Count>},
      {"/v1/{index}/export", "GET", To<&Endpoints::exports, &ExportEndpoint::Export>},
      {"/v1/{index}/suggest", "GET", To<&Endpoints::search, &SearchEndpoints::Suggest>},
      {"/v1/{index}/facets/{field}", "GET", To<&Endpoints::search, &SearchEndpoints::Facet>},
      {"/v1/{index}/docs/mget", "POST", To<&Endpoints::documents, &DocumentEndpoints::MultiGet>},
      {"/v1/{index}/docs/{id}", "GET", To<&Endpoints::documents, &DocumentEndpoints::Document>},
      {"/v1/{index}/docs/{id}/similar", "GET",
       To<&Endpoints::documents, &DocumentEndpoints::Similar>},
  };
  return routes;
}

/// Matches "/v1/{index}/search" with the segments of a path.
bool Matches(std::string_view pattern, const std::vector<std::string>& segments) {
  for (const std::string& segment : segments) {
    if (pattern.empty()) return false;
    pattern.remove_prefix(1);
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    if (pattern.front() != '{' && pattern.substr(0, end) != segment) return false;
    pattern.remove_prefix(end);
  }
  return pattern.empty();
}

}  // namespace

Endpoints::Endpoints(const Backend& backend, Gate& gate, Resolver& resolver, RateLimits& limits,
                     SearchEngine& engine, ConsistentReads& reads, Searcher& searcher)
    : indexes(backend, resolver, engine, reads),
      search(resolver, reads, searcher),
      documents(resolver, engine, reads),
      exports(resolver, engine, reads, searcher, gate),
      multi(resolver, reads, searcher, search, limits),
      instant(resolver, searcher, documents, limits) {}

const Route& FindRoute(const Request& request, std::string& pattern) {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::string allowed;
  for (const Route& route : Routes()) {
    if (!Matches(route.pattern, request.segments)) continue;
    pattern = route.pattern;
    if (method == route.method) return route;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    if (route.method == std::string_view("GET")) allowed += ", HEAD";
  }
  if (allowed.empty()) throw Problem(404, "not_found", "there is nothing under this path");
  Problem problem(405, "method_not_allowed", fmt::format("{} takes {}", pattern, allowed));
  throw problem.Allow(allowed + ", OPTIONS");
}

bool RouteExists(std::string_view pattern) {
  const std::vector<Route>& routes = Routes();
  return std::any_of(routes.begin(), routes.end(),
                     [&](const Route& route) { return route.pattern == pattern; });
}

}  // namespace pgsluice::api
