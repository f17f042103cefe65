#pragma once

#include <string>

#include "api/http/message.h"
#include "api/rest/consistent_reads.h"
#include "api/rest/resolver.h"
#include "api/rest/search_engine.h"

namespace pgsluice::api {

/// The endpoints that list the indexes and how current they are. Thread-safe.
class IndexEndpoints {
 public:
  IndexEndpoints(const Backend& backend, Resolver& resolver, SearchEngine& engine,
                 ConsistentReads& reads)
      : sync_(backend.sync), resolver_(resolver), engine_(engine), reads_(reads) {}

  Response Indexes(const Request& request, const Access& access);
  /// Returns the OpenAPI document for this caller.
  Response Describe(const Request& request, const Access& access);
  Response Sync(const Request& request, const Access& access);
  Response SyncWait(const Request& request, const Access& access);

 private:
  SyncState* const sync_;
  Resolver& resolver_;
  SearchEngine& engine_;
  ConsistentReads& reads_;
};

}  // namespace pgsluice::api
