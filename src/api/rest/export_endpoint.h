#pragma once

#include "api/http/message.h"
#include "api/rest/consistent_reads.h"
#include "api/rest/gate.h"
#include "api/rest/resolver.h"
#include "api/rest/search_engine.h"
#include "api/rest/searcher.h"

namespace pgsluice::api {

/// Exports all matching documents, one per line, in the order of their ids, with bounded memory:
/// pages by search_after, each as large as a few megabytes allow. A document that exists from the
/// beginning to the end is included exactly once, whatever is written meanwhile. Thread-safe.
class ExportEndpoint {
 public:
  ExportEndpoint(Resolver& resolver, SearchEngine& engine, ConsistentReads& reads,
                 Searcher& searcher, Gate& gate)
      : resolver_(resolver), engine_(engine), reads_(reads), searcher_(searcher), gate_(gate) {}

  Response Export(const Request& request, const Access& access);

 private:
  Resolver& resolver_;
  SearchEngine& engine_;
  ConsistentReads& reads_;
  Searcher& searcher_;
  Gate& gate_;
};

}  // namespace pgsluice::api
