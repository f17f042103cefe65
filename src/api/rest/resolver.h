#pragma once

#include <memory>
#include <string>

#include "api/auth/access.h"
#include "api/http/message.h"
#include "api/rest/engine_analysis.h"
#include "api/rest/resolved_request.h"
#include "api/settings.h"
#include "pgsluice/api/server.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::api {

/// Finds the index that a request names, as its caller may see it, by the current settings.
/// Thread-safe.
class Resolver {
 public:
  explicit Resolver(const Backend& backend);

  /// Applies other keys, policies and limits; running requests keep the old ones.
  void Use(std::shared_ptr<const Settings> settings);
  std::shared_ptr<const Settings> settings() const;

  /// Returns all indexes, for any caller.
  std::shared_ptr<const IndexSet> indexes() const { return backend_.indexes(); }
  /// Returns an index by its name. Throws Problem 404 if there is none, 503 if it does not exist
  /// yet or cannot be created, and 403 if the policy does not allow it.
  IndexInfo FindIndex(const std::string& name, const Access& access) const;
  /// Returns the policy's filter. Throws Problem 403. Errors in the filter are only logged, because
  /// they may name fields that the caller must not see.
  static query::Dsl Allowed(const IndexInfo& index, const Access& access);
  /// Returns an index as the caller may see it, with an empty request.
  ResolvedRequest ResolveIndex(const std::string& name, const Access& access);
  /// Does the same and parses the request from the URL or the body. `known` are the endpoint's
  /// parameters. Throws Problem 400.
  ResolvedRequest ParseSearch(const Request& request, const Access& access,
                              const query::ParameterNames& known);

 private:
  const Backend& backend_;
  mutable base::Mutex mutex_;
  std::shared_ptr<const Settings> settings_ PGSLUICE_GUARDED_BY(mutex_);
  AnalysisCache analysis_;
};

}  // namespace pgsluice::api
