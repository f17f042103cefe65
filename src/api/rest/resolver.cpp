#include "api/rest/resolver.h"

#include <spdlog/fmt/fmt.h>

#include "api/rest/problems.h"
#include "pgsluice/config/finding.h"
#include "pgsluice/json/value.h"
#include "pgsluice/observe/log.h"

namespace pgsluice::api {

using query::Problem;

namespace {

/// Returns the answer for a configured index that was never created because its definition does not
/// fit. The cause may name what the caller must not see, so only `status` shows it.
Problem CannotBeMade(const std::string& name, const std::string& state) {
  return Problem(503, "index_not_ready",
                 fmt::format("index '{}' is {}: its definition does not fit the database or the "
                             "search engine; 'pgsluice status' shows the cause and the remedy",
                             name, state))
      .RetryAfter(30);
}

}  // namespace

Resolver::Resolver(const Backend& backend)
    : backend_(backend),
      settings_(std::make_shared<const Settings>(backend.config, backend.fetch)) {}

void Resolver::Use(std::shared_ptr<const Settings> settings) {
  const base::MutexLock lock(mutex_);
  settings_ = std::move(settings);
}

std::shared_ptr<const Settings> Resolver::settings() const {
  const base::MutexLock lock(mutex_);
  return settings_;
}

query::Dsl Resolver::Allowed(const IndexInfo& index, const Access& access) {
  try {
    return access.FilterOf(index.plan);
  } catch (const Problem& problem) {
    if (problem.status() == 403) throw;
    observe::Log(observe::Level::kWarn, "api",
                 fmt::format("policy filter of '{}': {}", index.plan->name, problem.what()));
    throw Problem(403, "missing_claim", "the claims do not fit the policy's filter");
  }
}

IndexInfo Resolver::FindIndex(const std::string& name, const Access& access) const {
  // In this order: an index that is created in between is in the set.
  const bool complete = backend_.complete();
  const auto indexes = backend_.indexes();
  const auto found = indexes->find(name);
  if (found == indexes->end()) {
    if (!complete) throw NotReady();
    std::vector<std::string> names;
    for (const auto& [other, info] : *indexes) {
      if (info.plan != nullptr && access.Sees(other)) names.push_back(other);
    }
    const std::string nearest = config::Nearest(name, names);
    throw Problem(404, "unknown_index",
                  fmt::format("index '{}' does not exist{}", name,
                              nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  access.Check(name);
  if (found->second.plan == nullptr) throw CannotBeMade(name, found->second.state);
  return found->second;
}

ResolvedRequest Resolver::ResolveIndex(const std::string& name, const Access& access) {
  const IndexInfo index = FindIndex(name, access);
  const std::shared_ptr<const Settings> now = settings();
  const auto search = now->searches.find(name);
  return {index,
          access.SchemaOf(index.plan),
          {},
          Allowed(index, access),
          access,
          search == now->searches.end() ? nullptr : search->second,
          std::make_shared<const EngineAnalysis>(analysis_, *backend_.engine, index.alias)};
}

ResolvedRequest Resolver::ParseSearch(const Request& request, const Access& access,
                                      const query::ParameterNames& known) {
  ResolvedRequest asked = ResolveIndex(request.segments[1], access);
  if (request.method == "POST") {
    json::Value body;
    try {
      body = json::Parse(request.body);
    } catch (const Error& error) {
      throw Problem(400, "invalid_json", error.what());
    }
    asked.request = query::ReadBody(body, known);
  } else {
    asked.request = query::ReadParameters(request.parameters, known);
  }
  const int per_page = asked.request.per_page.value_or(asked.index.plan->config.search.per_page);
  asked.request.per_page = access.PerPage(per_page);
  access.CheckParameters(asked.request);
  asked.UseRules();
  return asked;
}

}  // namespace pgsluice::api
