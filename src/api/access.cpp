#include "api/access.h"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>

#include "pgsluice/base/digest.h"
#include "pgsluice/query/cursor.h"
#include "pgsluice/query/problem.h"

namespace pgsluice::api {

namespace {

using query::Problem;

std::string Now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc);
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
  if (!found->expires.empty() && found->expires <= Now()) {
    throw Problem(401, "expired_credentials", "the API key has expired");
  }
  access.caller_ = "key:" + found->name;
  access.policy_ = PolicyOf(auth, found->policy);
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

const config::PolicyIndex* Access::RuleOf(const std::string& index) const {
  if (policy_ == nullptr) return nullptr;
  const auto named = policy_->indexes.find(index);
  if (named != policy_->indexes.end()) return &named->second;
  const auto any = policy_->indexes.find("*");
  return any == policy_->indexes.end() ? nullptr : &any->second;
}

bool Access::Sees(const std::string& index) const {
  return policy_ == nullptr || RuleOf(index) != nullptr;
}

void Access::Check(const std::string& index) const {
  if (!Sees(index)) {
    throw Problem(403, "index_not_allowed", fmt::format("index '{}' is not allowed", index));
  }
}

query::Schema Access::SchemaOf(const std::shared_ptr<const document::Plan>& plan) const {
  std::vector<std::string> hidden = plan->config.search.hidden;
  const std::size_t configured = hidden.size();
  if (const config::PolicyIndex* rule = RuleOf(plan->name)) {
    hidden.insert(hidden.end(), rule->hidden.begin(), rule->hidden.end());
  }
  return {plan, std::move(hidden), configured};
}

query::Dsl Access::FilterOf(const std::shared_ptr<const document::Plan>& plan) const {
  const config::PolicyIndex* rule = RuleOf(plan->name);
  if (rule == nullptr || rule->filter.empty()) return {};
  const query::Expr filter =
      query::WithClaims(query::ParseFilter(rule->filter, {"policy", true}),
                        [this](const std::string& name) { return claims_.Find(name); });
  return query::TranslateFilter(filter, query::Schema(plan, {}), "policy");
}

int Access::PerPage(int wanted) const {
  return policy_ != nullptr && policy_->per_page ? std::min(wanted, *policy_->per_page) : wanted;
}

}  // namespace pgsluice::api
