#pragma once

#include <string>
#include <vector>

#include "api/http/message.h"
#include "api/rest/consistent_reads.h"
#include "api/rest/resolver.h"
#include "api/rest/search_engine.h"

namespace pgsluice::api {

/// Endpoints that answer documents by id, and documents like one. Thread-safe.
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
  /// The engine's answer to a search for `ids`, of those documents that the caller may see. The
  /// engine judges documents and filter together, so that a row that moved to another tenant is
  /// never shown by its old filter.
  std::string ById(const ResolvedRequest& asked, const std::vector<std::string>& ids,
                   const Request& request);
  /// Returns the stored JSON of a document that the caller may see; empty if there is none.
  std::string SourceOf(const ResolvedRequest& asked, const std::string& id, const Request& request);

  Resolver& resolver_;
  SearchEngine& engine_;
  ConsistentReads& reads_;
};

}  // namespace pgsluice::api
