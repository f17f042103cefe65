#pragma once

#include <string>
#include <vector>

#include "api/http/message.h"
#include "api/rest/consistent_reads.h"
#include "api/rest/resolver.h"
#include "api/rest/search_engine.h"

namespace pgsluice::api {

/// The endpoints for documents by id, and for similar documents. Thread-safe.
class DocumentEndpoints {
 public:
  DocumentEndpoints(Resolver& resolver, SearchEngine& engine, ConsistentReads& reads)
      : resolver_(resolver), engine_(engine), reads_(reads) {}

  Response Document(const Request& request, const Access& access);
  Response MultiGet(const Request& request, const Access& access);
  Response Similar(const Request& request, const Access& access);
  /// Returns documents similar to another one. Throws Problem 404 if the caller cannot see that
  /// one.
  std::string RunSimilar(const ResolvedRequest& asked, const std::string& id,
                         const Request& request);

 private:
  /// Returns the engine's answer with those of the documents `ids` that the caller may see. The
  /// engine checks the policy's filter in the same search that reads the documents. Otherwise a row
  /// that moved to another tenant between two requests would be shown.
  std::string ById(const ResolvedRequest& asked, const std::vector<std::string>& ids,
                   const Request& request);
  /// Returns the stored JSON of a document that the caller may see; empty if there is none.
  std::string SourceOf(const ResolvedRequest& asked, const std::string& id, const Request& request);

  Resolver& resolver_;
  SearchEngine& engine_;
  ConsistentReads& reads_;
};

}  // namespace pgsluice::api
