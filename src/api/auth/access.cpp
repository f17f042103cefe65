#include "api/auth/access.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>

#include "pgsluice/base/digest.h"
#include "pgsluice/config/schemas.h"
#include "pgsluice/config/values.h"
#include "pgsluice/query/cursor.h"
#include "pgsluice/query/problem.h"

namespace pgsluice::api {

namespace {

using query::Problem;

/// Returns whether the key has expired. A time that cannot be read counts as passed; the check of
/// the configuration refuses it.
bool HasExpired(const config::Key& key) {
  if (key.expires.empty()) return false;
  return config::ParseTime(key.expires).value_or(0) <= std::time(nullptr);
}

const config::Policy* PolicyOf(const config::Auth& auth, const std::string& name) {
  const auto found = auth.policies.find(name);
  if (found == auth.policies.end()) {
    throw Problem(401, "invalid_credentials", "the credentials have no policy");
  }
  return &found->second;
}

}  // namespace

Access Access::Of(const Settings& settings, const std::string& credentials) {
  Access access = Judge(settings, credentials);
  const auto& policy = access.policy_;
  if (!access.requests_per_second_ && policy != nullptr) {
    access.requests_per_second_ = policy->requests_per_second;
  }
  if (!access.requests_per_second_) {
    access.requests_per_second_ = settings.limits.requests_per_second;
  }
  return access;
}

Access Access::Judge(const Settings& settings, const std::string& credentials) {
  const config::Auth& auth = settings.auth;
  Access access;
  access.claims_.type = json::Type::kObject;
  const bool open = auth.keys.empty() && !auth.jwt && auth.anonymous.empty();
  if (open) return access;
  if (credentials.empty()) {
    if (auth.anonymous.empty()) throw Problem(401, "missing_credentials", "an API key is needed");
    access.policy_ = PolicyOf(auth, auth.anonymous);
    return access;
  }
  const bool token = std::count(credentials.begin(), credentials.end(), '.') == 2;
  if (token && settings.tokens) return OfToken(settings, credentials);
  const std::string hash = base::Sha256(credentials);
  const config::Key* found = nullptr;
  for (const config::Key& key : auth.keys) {
    if (query::SameSecret(hash, key.sha256)) found = &key;
  }
  if (found == nullptr) throw Problem(401, "invalid_credentials", "the API key is not known");
  if (HasExpired(*found)) {
    throw Problem(401, "expired_credentials", "the API key has expired");
  }
  access.caller_ = "key:" + found->name;
  access.policy_ = PolicyOf(auth, found->policy);
  access.requests_per_second_ = found->requests_per_second;
  return access;
}

Access Access::OfToken(const Settings& settings, const std::string& token) {
  Access access;
  access.claims_ = settings.tokens->Claims(token, std::time(nullptr));
  const json::Value* subject = access.claims_.Find("sub");
  access.caller_ = "jwt:" + (subject != nullptr ? subject->text : base::Sha256(token));
  access.policy_ = PolicyOf(settings.auth, settings.auth.jwt->policy);
  return access;
}

std::vector<const config::PolicyIndex*> Access::RulesOf(const std::string& index) const {
  if (policy_ == nullptr) return {};
  return config::RulesOf(*policy_, index);
}

bool Access::Sees(const std::string& index) const {
  return policy_ == nullptr || !RulesOf(index).empty();
}

void Access::Check(const std::string& index) const {
  asked_indexes_.push_back(index);
  if (!Sees(index)) {
    throw Problem(403, "index_not_allowed", fmt::format("index '{}' is not allowed", index));
  }
}

query::Schema Access::SchemaOf(const std::shared_ptr<const plan::Plan>& plan) const {
  std::vector<std::string> hidden = plan->config.search.hidden;
  const std::size_t configured = hidden.size();
  for (const config::PolicyIndex* rule : RulesOf(plan->name)) {
    hidden.insert(hidden.end(), rule->hidden.begin(), rule->hidden.end());
  }
  return {plan, std::move(hidden), configured};
}

/// Returns a claim. Treats null as absent, because many issuers write null for a missing claim.
const json::Value* Access::Claim(const std::string& name) const {
  const json::Value* value = claims_.Find(name);
  return value == nullptr || value->IsNull() ? nullptr : value;
}

query::Dsl Access::FilterOf(const std::shared_ptr<const plan::Plan>& plan) const {
  std::vector<query::Dsl> filters;
  for (const config::PolicyIndex* rule : RulesOf(plan->name)) {
    if (rule->filter.empty()) continue;
    const query::Expr filter =
        query::WithClaims(query::ParseFilter(rule->filter, {"policy", true}),
                          [this](const std::string& name) { return Claim(name); });
    filters.push_back(query::TranslateFilter(filter, query::Schema(plan, {}), "policy"));
  }
  return query::AllOf(filters);
}

namespace {

void Forbid(const char* parameter) {
  throw Problem(403, {parameter,
                      std::nullopt,
                      "parameter_not_allowed",
                      fmt::format("the policy does not allow '{}'", parameter),
                      {}});
}

}  // namespace

void Access::CheckStrong(const char* parameter) const {
  if (policy_ != nullptr && !policy_->strong) Forbid(parameter);
}

void Access::CheckFacets(const char* parameter) const {
  if (policy_ != nullptr && !policy_->facets) Forbid(parameter);
}

void Access::CheckParameters(const query::SearchRequest& request) const {
  if (request.strong) CheckStrong("consistency");
  if (!request.after.empty()) CheckStrong("after");
  if (!request.facets.empty()) CheckFacets("facets");
  if (request.explain && policy_ != nullptr && !policy_->explain) Forbid("explain");
  if (!MayHighlight() && !request.highlight.empty()) Forbid("highlight");
}

int Access::PerPage(int wanted) const {
  return policy_ != nullptr && policy_->per_page ? std::min(wanted, *policy_->per_page) : wanted;
}

}  // namespace pgsluice::api
