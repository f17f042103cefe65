#pragma once

#include <optional>
#include <string>

#include "api/http/message.h"
#include "api/rest/consistent_reads.h"
#include "api/rest/resolved_request.h"
#include "api/rest/search_engine.h"
#include "pgsluice/query/distinct.h"

namespace pgsluice::api {

/// Runs a resolved search: translates it, queries the engine and builds the answer. All endpoints
/// that search use it, in every protocol. Thread-safe. All functions throw Problem.
class Searcher {
 public:
  Searcher(const Backend& backend, SearchEngine& engine, ConsistentReads& reads)
      : backend_(backend), engine_(engine), reads_(reads) {}

  /// Returns the answer as JSON. Applies `search.fallback` and adds a proposal if nothing was
  /// found. `tags` are put around highlighted text without escaping it, for clients that escape it
  /// themselves. `timing` is the value of the header Server-Timing.
  std::string Run(const ResolvedRequest& asked, const Request& request,
                  const std::optional<query::HighlightTags>& tags = {},
                  std::string* timing = nullptr);
  /// Returns how many documents the query, or its fallback, finds.
  std::string CountOf(const ResolvedRequest& asked, const Request& request);
  /// Returns the replacement for a query that found nothing, if the configuration defines one.
  std::optional<ResolvedRequest> Fallback(const ResolvedRequest& asked, const Request& request);
  /// Returns {"values":…,"other":…}: values of a field that begin with `prefix`.
  std::string ValuesOf(const ResolvedRequest& asked, const std::string& path,
                       const std::string& prefix, const Request& request);

 private:
  /// Runs one query without its fallback. Sets `nothing` if no page of it has a hit.
  std::string RunOnce(const ResolvedRequest& asked, const Request& request,
                      const std::optional<query::HighlightTags>& tags, std::string* timing,
                      bool& nothing);
  /// Returns the groups of an answer, and the sizes of those that are not among its first ones.
  query::Groups GroupsOf(const ResolvedRequest& asked, const query::SearchInput& input,
                         const std::string& answer, const Request& request);
  /// Returns a similar query that has hits for this caller, for one without hits.
  std::optional<std::string> Proposal(const ResolvedRequest& asked, const Request& request);
  /// Adds that query to the answer as "did_you_mean", if there is one.
  std::string WithProposal(std::string answer, const ResolvedRequest& asked,
                           const Request& request);

  const Backend& backend_;
  SearchEngine& engine_;
  ConsistentReads& reads_;
};

}  // namespace pgsluice::api
