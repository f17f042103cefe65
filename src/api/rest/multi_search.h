#pragma once

#include <string>
#include <vector>

#include "api/http/message.h"
#include "api/rest/consistent_reads.h"
#include "api/rest/rate_limits.h"
#include "api/rest/resolver.h"
#include "api/rest/search_endpoints.h"
#include "api/rest/searcher.h"
#include "pgsluice/json/value.h"

namespace pgsluice::api {

/// Several searches in one request, with one answer each or one merged list of hits. Thread-safe.
class MultiSearchEndpoint {
 public:
  MultiSearchEndpoint(Resolver& resolver, ConsistentReads& reads, Searcher& searcher,
                      SearchEndpoints& single, RateLimits& limits)
      : resolver_(resolver), reads_(reads), searcher_(searcher), single_(single), limits_(limits) {}

  Response MultiSearch(const Request& request, const Access& access);

 private:
  /// Returns the answer to one search of the list, or its problem.
  Response One(const json::Value& item, const Request& request, const Access& access);
  /// Returns one list with the hits of several searches.
  std::string Merged(const json::Value& body, const std::vector<json::Value>& items,
                     const Request& request, const Access& access);

  Resolver& resolver_;
  ConsistentReads& reads_;
  Searcher& searcher_;
  SearchEndpoints& single_;
  RateLimits& limits_;
};

}  // namespace pgsluice::api
