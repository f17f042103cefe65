#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/auth/access.h"
#include "api/http/message.h"
#include "api/http/rate_limiter.h"
#include "api/rest/engine_analysis.h"
#include "api/rest/freshness.h"
#include "api/rest/gate.h"
#include "api/rest/shared_work.h"
#include "api/settings.h"
#include "pgsluice/api/server.h"
#include "pgsluice/base/mutex.h"
#include "pgsluice/query/distinct.h"
#include "pgsluice/query/search_body.h"

namespace pgsluice::api {

/// The REST API without its HTTP: one Handle() per request, which never throws. Thread-safe.
class Service {
 public:
  Service(Backend backend, Gate& gate);
  Response Handle(const Request& request);

  /// Returns whether an endpoint has this pattern: "/v1/{index}/search".
  static bool HasRoute(std::string_view pattern);

  /// Runs `make` for a caller whose credentials are valid and whose rate allows it; otherwise the
  /// answer contains the reason. `route` is for metrics and logs.
  Response ForCaller(const Request& request, const char* route,
                     const std::function<Response()>& make);

  /// Applies other keys, policies and limits; running requests keep the old ones.
  void Use(std::shared_ptr<const Settings> settings);
  std::shared_ptr<const Settings> settings() const;

 private:
  /// One index as one caller sees it, and the request.
  struct ResolvedRequest {
    IndexInfo index;
    query::Schema schema;
    query::SearchRequest request;
    query::Dsl allowed;
    Access access;
    std::shared_ptr<const Settings::Search> search;  ///< Null: as in the plan.
    std::shared_ptr<const query::Analysis> analysis;
    std::string fallback = {};  ///< How the query was changed because it found nothing.
    query::RuleEffect rules = {};
    /// Finds the rules that match the request.
    void UseRules() {
      rules = {};
      if (search != nullptr && request.use_rules) rules = search->rules.For(request.q);
    }
    query::SearchInput Input() const {
      query::TextTools tools{nullptr, nullptr, analysis.get()};
      if (search != nullptr) {
        tools.search = &search->options;
        tools.vocabulary = &search->vocabulary;
      }
      query::Tuning tuning;
      if (search != nullptr) tuning = {&search->ranking, &rules, 0};
      return {schema, request, allowed, false, {}, {}, tools, tuning};
    }
  };

  using Endpoint = Response (Service::*)(const Request&, const Access&);
  struct Route {
    const char* pattern;
    const char* method;
    Endpoint endpoint;
  };
  static const std::vector<Route>& Routes();
  /// Returns the route of a request and its pattern. Throws Problem 404 or 405.
  static const Route& Find(const Request& request, std::string& pattern);
  static void Audit(RequestLog& log, const Request& request, const Response& response,
                    const std::optional<Access>& access);
  /// Returns what `make` returns, or the answer for what it throws.
  Response Guarded(const std::string& request_id, const std::function<Response()>& make) const;
  /// Returns the policy's filter. Throws Problem 403; the fault in the filter is only logged.
  static query::Dsl Allowed(const IndexInfo& index, const Access& access);
  /// Returns an index by name. Throws Problem 404; 503 while it may still be created; 403 because
  /// of a policy.
  IndexInfo FindIndex(const std::string& name, const Access& access) const;
  /// Returns an index as a caller sees it, with an empty request.
  ResolvedRequest ResolveIndex(const std::string& index, const Access& access);
  ResolvedRequest ParseSearch(const Request& request, const Access& access,
                              const query::ParameterNames& known);
  Response Search(const Request& request, const Access& access);
  Response Count(const Request& request, const Access& access);
  Response Document(const Request& request, const Access& access);
  Response MultiGet(const Request& request, const Access& access);
  Response Similar(const Request& request, const Access& access);
  Response Facet(const Request& request, const Access& access);
  Response Suggest(const Request& request, const Access& access);
  Response Export(const Request& request, const Access& access);
  Response MultiSearch(const Request& request, const Access& access);
  Response InstantSearch(const Request& request, const Access& access);
  /// Searches in the values of a facet, as clients before version 5 request it.
  Response InstantFacet(const Request& request, const Access& access);
  /// Returns related products, as recommendation widgets request them.
  Response Recommendations(const Request& request, const Access& access);
  std::string InstantResult(const json::Value& item, const Request& request, const Access& access);
  /// Returns the answer to a search; `tags` surround highlighted words, unescaped, for clients that
  /// escape.
  std::string RunSearch(const ResolvedRequest& asked, const Request& request,
                        const std::optional<query::HighlightTags>& tags = {},
                        std::string* timing = nullptr);
  /// Like RunSearch(), without a fallback. `nothing`: no page of it has a hit.
  std::string RunOnce(const ResolvedRequest& asked, const Request& request,
                      const std::optional<query::HighlightTags>& tags, std::string* timing,
                      bool& nothing);
  /// Returns a similar query that has hits for this caller, for one without hits.
  std::optional<std::string> Proposal(const ResolvedRequest& asked, const Request& request);
  /// Adds that query to the answer as "did_you_mean", if there is one.
  std::string WithProposal(std::string answer, const ResolvedRequest& asked,
                           const Request& request);
  /// Returns one list with the hits of several searches.
  std::string Merged(const json::Value& body, const std::vector<json::Value>& items,
                     const Request& request, const Access& access);
  /// Returns documents similar to another one. Throws Problem 404 if the caller cannot see that
  /// one.
  std::string RunSimilar(const ResolvedRequest& asked, const std::string& id,
                         const Request& request);
  /// Returns the answer to one request of recommendation widgets.
  std::string Recommended(const json::Value& item, const Request& request, const Access& access);
  /// Returns the stored JSON of a document that the caller may see; empty if there is none.
  std::string SourceOf(const ResolvedRequest& asked, const std::string& id, const Request& request);
  query::Groups GroupsOf(const ResolvedRequest& asked, const query::SearchInput& input,
                         const std::string& answer, const Request& request);
  /// Returns the replacement for a query that found nothing, if the configuration defines one.
  std::optional<ResolvedRequest> Fallback(const ResolvedRequest& asked, const Request& request);
  /// Returns how many documents the query, or its fallback, finds.
  std::string CountOf(const ResolvedRequest& asked, const Request& request);
  /// Returns what a cursor belongs to: index, caller and the body of the first page, for every
  /// page.
  static std::string Binding(const ResolvedRequest& asked, const std::string& first_page);
  /// Returns {"values":…,"other":…}: values of a field that begin with `prefix`.
  std::string ValuesOf(const ResolvedRequest& asked, const std::string& path,
                       const std::string& prefix, const Request& request);
  Response Indexes(const Request& request, const Access& access);
  Response Describe(const Request& request, const Access& access);
  Response Sync(const Request& request, const Access& access);
  Response SyncWait(const Request& request, const Access& access);

  /// Why an answer may not cover all documents.
  enum class Partial { kNo, kShards, kBackfilling, kBroken };
  /// Returns the text for `meta.reason`; empty for kNo.
  static std::string_view NameOf(Partial partial);

  static query::Problem StillCopied();
  static query::Problem NoDocument(const std::string& id, Partial partial);
  /// Waits as the request wants, then refreshes the index. Returns kBackfilling if documents may be
  /// missing because the first copy is not complete, and kBroken if the index serves its last
  /// documents because its definition does not fit. Throws Problem 503 instead if the configuration
  /// refuses searches in such an index.
  Partial BringUp(const ResolvedRequest& asked, const Request& request);
  /// Waits until the index (empty: every index) has applied the token. Throws Problem if that takes
  /// longer than `wait`.
  void WaitFor(const std::string& token, const std::string& index, std::chrono::milliseconds wait,
               int caller);
  /// Returns a token at or above everything committed before the call: in the index's database, or
  /// in all if `index` is empty. Throws Problem 503 if the database cannot be asked.
  std::string PositionNow(const std::string& index);
  std::int64_t LagMs(const std::string& index) const;
  /// Returns the path of a search that fails if a shard is missing, because a partial answer would
  /// look complete.
  static std::string WholeSearch(const IndexInfo& index);
  /// Returns how many documents of the index the body finds. Throws Problem unless all shards
  /// respond.
  std::string AskCount(const IndexInfo& index, const std::string& body, const Request& request);
  /// Returns the engine's answer: one JSON value of bounded depth. Throws Problem.
  std::string AskEngine(const std::string& path, const std::string& body, const Request& request,
                        bool missing_is_empty = false);
  /// Runs a request to the engine. Turns only the failure to reach it into Problem 503.
  static void WithEngine(const std::string& request_id, const std::function<void()>& work);
  /// Throws Problem 429 if the caller exceeds its rate.
  void Charge(const Request& request, const Access& access, double searches);
  /// Charges for the further searches of a batch.
  void ChargeRest(const Request& request, const Access& access, std::size_t searches);
  void ChargeAddress(const Request& request, const config::Limits& limits);
  /// Returns document counts as JSON, with one request for all; "null" for an index that does not
  /// exist yet.
  std::vector<std::string> CountAll(const std::vector<IndexInfo>& indexes, const Access& access,
                                    const Request& request);
  std::string ById(const ResolvedRequest& asked, const std::vector<std::string>& ids,
                   const Request& request);
  std::string Meta(const ResolvedRequest& asked, const Request& request, Partial partial) const;
  std::string IndexJson(const IndexInfo& index, const std::string& documents,
                        const Access& access) const;
  std::string SyncJson(const Access& access);

  Backend backend_;
  Gate& gate_;
  mutable base::Mutex mutex_;
  std::shared_ptr<const Settings> settings_ PGSLUICE_GUARDED_BY(mutex_);
  RateLimiter rates_, addresses_;
  SharedRefresh refreshes_;
  SharedAnswers counts_;
  Freshness freshness_;
  AnalysisCache analysis_;
  observe::Histogram& engine_seconds_;
};

}  // namespace pgsluice::api
