#pragma once

#include <string>

#include "api/http/message.h"
#include "api/rest/document_endpoints.h"
#include "api/rest/rate_limits.h"
#include "api/rest/resolver.h"
#include "api/rest/searcher.h"
#include "pgsluice/json/value.h"

namespace pgsluice::api {

/// The endpoints that InstantSearch widgets call. Thread-safe.
class InstantSearchEndpoints {
 public:
  InstantSearchEndpoints(Resolver& resolver, Searcher& searcher, DocumentEndpoints& documents,
                         RateLimits& limits)
      : resolver_(resolver), searcher_(searcher), documents_(documents), limits_(limits) {}

  Response Search(const Request& request, const Access& access);
  /// Searches in the values of a facet, as clients before version 5 request it.
  Response Facet(const Request& request, const Access& access);
  /// Returns related products, as recommendation widgets request them.
  Response Recommendations(const Request& request, const Access& access);

 private:
  std::string Result(const json::Value& item, const Request& request, const Access& access);
  std::string Recommended(const json::Value& item, const Request& request, const Access& access);

  Resolver& resolver_;
  Searcher& searcher_;
  DocumentEndpoints& documents_;
  RateLimits& limits_;
};

}  // namespace pgsluice::api
