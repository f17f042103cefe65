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

/// From a request to the index that it names, as its caller may see it, by the settings in force.
/// Thread-safe.
class Resolver {
 public:
  explicit Resolver(const Backend& backend);

  /// Applies other keys, policies and limits; running requests keep the old ones.
  void Use(std::shared_ptr<const Settings> settings);
  std::shared_ptr<const Settings> settings() const;

  /// Returns all indexes, for any caller.
  std::shared_ptr<const IndexSet> indexes() const { return backend_.indexes(); }
  /// An index by name. Throws Problem: 404 if there is none, 503 while it may still be made or
  /// cannot be made, 403 if the policy does not allow it.
  IndexInfo FindIndex(const std::string& name, const Access& access) const;
  /// The policy's filter. Throws Problem 403; what is wrong with the filter is only logged, because
  /// it may name what the caller must not see.
  static query::Dsl Allowed(const IndexInfo& index, const Access& access);
  /// An index as the caller may see it, with an empty request.
  ResolvedRequest ResolveIndex(const std::string& name, const Access& access);
  /// The same with the request in the URL or the body; `known` are the parameters of the endpoint.
  /// Throws Problem 400.
  ResolvedRequest ParseSearch(const Request& request, const Access& access,
                              const query::ParameterNames& known);

 private:
  const Backend& backend_;
  mutable base::Mutex mutex_;
  std::shared_ptr<const Settings> settings_ PGSLUICE_GUARDED_BY(mutex_);
  AnalysisCache analysis_;
};

}  // namespace pgsluice::api
