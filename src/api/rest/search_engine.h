#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/http/message.h"
#include "api/rest/shared_work.h"
#include "pgsluice/api/server.h"
#include "pgsluice/observe/metrics.h"
#include "pgsluice/query/filter_dsl.h"

namespace pgsluice::api {

/// Sends requests to the engine. Failures become Problems, and a caller that closes its connection
/// cancels the request. Thread-safe.
class SearchEngine {
 public:
  explicit SearchEngine(const Backend& backend);

  /// Sends `body` (GET if it is empty) and returns the answer, one JSON value of limited depth.
  /// With `missing_is_empty`, returns "" for a document that does not exist. Throws Problem.
  std::string Ask(const std::string& path, const std::string& body, const Request& request,
                  bool missing_is_empty = false);
  /// Returns how many documents of the index match. Throws Problem if a shard did not answer.
  std::string Count(const IndexInfo& index, const std::string& body, const Request& request);
  /// Counts the matches of each filter in its index, as JSON; "null" for an index that does not
  /// exist yet. One request counts all, and is shared by callers that ask for the same at the same
  /// time.
  struct Counted {
    std::string alias;
    query::Dsl filter;
  };
  std::vector<std::string> CountAll(const std::vector<Counted>& indexes, const Request& request);
  /// Makes everything written before the call searchable. Callers share refreshes.
  void Refresh(const std::vector<std::string>& aliases, const Request& request);
  bool IsOpenSearch(const Request& request);

 private:
  const Backend& backend_;
  SharedRefresh refreshes_;
  SharedAnswers counts_;
  observe::Histogram& seconds_;
};

/// Returns the path of a search that fails if a shard is missing. Otherwise a caller would take a
/// part of the documents for all of them.
std::string WholeSearch(const IndexInfo& index);

}  // namespace pgsluice::api
