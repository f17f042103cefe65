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

/// The engine as requests ask it: what goes wrong becomes a Problem, a caller that leaves cancels
/// the request. Thread-safe.
class SearchEngine {
 public:
  explicit SearchEngine(const Backend& backend);

  /// Sends `body` (GET if it is empty) and returns the answer: one JSON value of bounded depth.
  /// `missing_is_empty`: a document that does not exist is "". Throws Problem.
  std::string Ask(const std::string& path, const std::string& body, const Request& request,
                  bool missing_is_empty = false);
  /// How many documents of the index the body finds. Throws Problem if a shard did not answer.
  std::string Count(const IndexInfo& index, const std::string& body, const Request& request);
  /// How many documents each filter finds in its index, as JSON; "null" for an index that is not
  /// there yet. One request for all, and one for callers that ask the same at the same time.
  struct Counted {
    std::string alias;
    query::Dsl filter;
  };
  std::vector<std::string> CountAll(const std::vector<Counted>& indexes, const Request& request);
  /// Makes searchable what was written before the call. Callers share refreshes.
  void Refresh(const std::vector<std::string>& aliases, const Request& request);
  bool IsOpenSearch(const Request& request);

 private:
  const Backend& backend_;
  SharedRefresh refreshes_;
  SharedAnswers counts_;
  observe::Histogram& seconds_;
};

/// The path of a search that fails if a shard is missing, because a part would read as all there
/// is.
std::string WholeSearch(const IndexInfo& index);

}  // namespace pgsluice::api
