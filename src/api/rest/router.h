#pragma once

#include <string>
#include <string_view>

#include "api/http/message.h"
#include "api/instantsearch/instantsearch_endpoints.h"
#include "api/rest/document_endpoints.h"
#include "api/rest/export_endpoint.h"
#include "api/rest/index_endpoints.h"
#include "api/rest/multi_search.h"
#include "api/rest/search_endpoints.h"

namespace pgsluice::api {

/// All endpoints in groups. They keep references to the arguments, which must outlive this object.
struct Endpoints {
  Endpoints(const Backend& backend, Gate& gate, Resolver& resolver, RateLimits& limits,
            SearchEngine& engine, ConsistentReads& reads, Searcher& searcher);

  IndexEndpoints indexes;
  SearchEndpoints search;
  DocumentEndpoints documents;
  ExportEndpoint exports;
  MultiSearchEndpoint multi;
  InstantSearchEndpoints instant;
};

/// A path and method of the API, and the function that answers it.
struct Route {
  const char* pattern;  ///< "/v1/{index}/search"
  const char* method;
  Response (*answer)(Endpoints& endpoints, const Request& request, const Access& access);
};

/// Returns the route of a request. Sets `pattern` as soon as the path is known. Throws Problem 404
/// or 405.
const Route& FindRoute(const Request& request, std::string& pattern);
/// Returns whether an endpoint has this pattern.
bool RouteExists(std::string_view pattern);

}  // namespace pgsluice::api
