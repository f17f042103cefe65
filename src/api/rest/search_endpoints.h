#pragma once

#include "api/http/message.h"
#include "api/rest/consistent_reads.h"
#include "api/rest/resolver.h"
#include "api/rest/searcher.h"

namespace pgsluice::api {

/// The endpoints that query one index: search, count, facets, suggest. Thread-safe.
class SearchEndpoints {
 public:
  SearchEndpoints(Resolver& resolver, ConsistentReads& reads, Searcher& searcher)
      : resolver_(resolver), reads_(reads), searcher_(searcher) {}

  Response Search(const Request& request, const Access& access);
  Response Count(const Request& request, const Access& access);
  Response Facet(const Request& request, const Access& access);
  Response Suggest(const Request& request, const Access& access);

 private:
  Resolver& resolver_;
  ConsistentReads& reads_;
  Searcher& searcher_;
};

}  // namespace pgsluice::api
