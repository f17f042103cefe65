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

/// The REST API without its HTTP: one Handle() per request, never throws. Thread-safe.
class Service {
 public:
  Service(Backend backend, Gate& gate);
  Response Handle(const Request& request);

  /// Whether some endpoint has this pattern: "/v1/{index}/search".
  static bool HasRoute(std::string_view pattern);

  /// Runs `make` for a caller whose credentials hold and who may ask now; else the answer says why
  /// not. `route` is for metrics and logs.
  Response ForCaller(const Request& request, const char* route,
                     const std::function<Response()>& make);

  /// Puts other keys, policies and limits in force; requests that run keep the old ones.
  void Use(std::shared_ptr<const Settings> settings);
  std::shared_ptr<const Settings> settings() const;

 private:
  /// One index as one caller sees it, and what was asked.
  struct ResolvedRequest {
    IndexInfo index;
    query::Schema schema;
    query::SearchRequest request;
    query::Dsl allowed;
    Access access;
    std::shared_ptr<const Settings::Search> search;  ///< Null: as the plan has it.
    std::shared_ptr<const query::Analysis> analysis;
    std::string fallback = {};  ///< How the query was changed because it found nothing.
    query::RuleEffect rules = {};
    /// Finds the rules that concern what is asked.
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
  /// The route of a request and its pattern. Throws Problem 404 or 405.
  static const Route& Find(const Request& request, std::string& pattern);
  static void Audit(RequestLog& log, const Request& request, const Response& response,
                    const std::optional<Access>& access);
  /// What `make` answers, or the answer to what it throws.
  Response Guarded(const std::string& request_id, const std::function<Response()>& make) const;
  /// The policy's filter. Throws Problem 403; what is wrong with it is only logged.
  static query::Dsl Allowed(const IndexInfo& index, const Access& access);
  /// An index by name. Throws Problem 404; 503 while it may still be made, 403 of a policy.
  IndexInfo FindIndex(const std::string& name, const Access& access) const;
  /// An index as a caller sees it, nothing asked yet.
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
  /// A search inside the values of a facet, as clients before version 5 ask for it.
  Response InstantFacet(const Request& request, const Access& access);
  /// Related products, as recommendation widgets ask for them.
  Response Recommendations(const Request& request, const Access& access);
  std::string InstantResult(const json::Value& item, const Request& request, const Access& access);
  /// The answer to a search; `tags` around what is highlighted, unescaped, for clients that escape.
  std::string RunSearch(const ResolvedRequest& asked, const Request& request,
                        const std::optional<query::HighlightTags>& tags = {},
                        std::string* timing = nullptr);
  /// The same without a fallback. `nothing`: no page of it has a hit.
  std::string RunOnce(const ResolvedRequest& asked, const Request& request,
                      const std::optional<query::HighlightTags>& tags, std::string* timing,
                      bool& nothing);
  /// A query that has hits for this caller, close to one that has none.
  std::optional<std::string> Proposal(const ResolvedRequest& asked, const Request& request);
  /// The answer with that query as "did_you_mean", if there is one.
  std::string WithProposal(std::string answer, const ResolvedRequest& asked,
                           const Request& request);
  /// One list of the hits of several searches.
  std::string Merged(const json::Value& body, const std::vector<json::Value>& items,
                     const Request& request, const Access& access);
  /// Documents like another one. Throws Problem 404 if the caller sees no such document.
  std::string RunSimilar(const ResolvedRequest& asked, const std::string& id,
                         const Request& request);
  /// The answer to one request of recommendation widgets.
  std::string Recommended(const json::Value& item, const Request& request, const Access& access);
  /// The stored JSON of a document that the caller may see; empty if there is none.
  std::string SourceOf(const ResolvedRequest& asked, const std::string& id, const Request& request);
  query::Groups GroupsOf(const ResolvedRequest& asked, const query::SearchInput& input,
                         const std::string& answer, const Request& request);
  /// What is asked instead of a query that found nothing, if the configuration says so.
  std::optional<ResolvedRequest> Fallback(const ResolvedRequest& asked, const Request& request);
  /// How many documents the query, or its fallback, finds.
  std::string CountOf(const ResolvedRequest& asked, const Request& request);
  /// What a cursor belongs to: index, caller and the body of the first page, whatever page was
  /// asked.
  static std::string Binding(const ResolvedRequest& asked, const std::string& first_page);
  /// {"values":…,"other":…}: values of a field that begin with `prefix`.
  std::string ValuesOf(const ResolvedRequest& asked, const std::string& path,
                       const std::string& prefix, const Request& request);
  Response Indexes(const Request& request, const Access& access);
  Response Describe(const Request& request, const Access& access);
  Response Sync(const Request& request, const Access& access);
  Response SyncWait(const Request& request, const Access& access);

  /// Why an answer may not be of all documents.
  enum class Partial { kNo, kShards, kBackfilling, kBroken };
  /// As `meta.reason`; empty for kNo.
  static std::string_view NameOf(Partial partial);

  static query::Problem StillCopied();
  static query::Problem NoDocument(const std::string& id, Partial partial);
  /// Waits as the request wants, then lets the engine show what was written. Returns kBackfilling
  /// if documents may be missing because the first copy of the index is not complete, kBroken if
  /// the index serves its last documents because its definition does not fit. Throws
  /// Problem 503 for such an index if its configuration refuses searches until then.
  Partial BringUp(const ResolvedRequest& asked, const Request& request);
  /// `index`: empty for all.
  void WaitFor(const std::string& token, const std::string& index, std::chrono::milliseconds wait,
               int caller);
  /// Throws Problem 503 if the database cannot be asked.
  /// A token at or above everything committed before the call: in the index's database, or in all
  /// if `index` is empty.
  std::string PositionNow(const std::string& index);
  std::int64_t LagMs(const std::string& index) const;
  /// The path of a search that a missing shard makes fail; a part would read as all there is.
  static std::string WholeSearch(const IndexInfo& index);
  /// How many documents of the index the body finds. Throws Problem when not all shards say so.
  std::string AskCount(const IndexInfo& index, const std::string& body, const Request& request);
  /// The engine's answer: one JSON value of bounded depth. Throws Problem.
  std::string AskEngine(const std::string& path, const std::string& body, const Request& request,
                        bool missing_is_empty = false);
  /// Runs what asks the engine; that it cannot be reached becomes Problem 503, and only that.
  static void WithEngine(const std::string& request_id, const std::function<void()>& work);
  /// Throws Problem 429 if the caller may not ask so much now.
  void Charge(const Request& request, const Access& access, double searches);
  /// Of a batch.
  void ChargeRest(const Request& request, const Access& access, std::size_t searches);
  void ChargeAddress(const Request& request, const config::Limits& limits);
  /// Document counts as JSON, "null" for an index that is not there yet: one request for all.
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
