#pragma once

#include <string>
#include <vector>

#include "api/settings.h"
#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/request.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::api {

/// What one caller may see. Passed to every endpoint. Must not outlive the settings.
class Access {
 public:
  /// Creates it from the credentials of a request (empty: none). Throws Problem 401.
  static Access Of(const Settings& settings, const std::string& credentials);

  const std::string& caller() const { return caller_; }
  /// Returns the requested indexes, allowed or not, for the audit log.
  const std::vector<std::string>& asked_indexes() const { return asked_indexes_; }
  /// Returns whether the policy lets this caller change things on the admin port.
  bool IsAdmin() const { return policy_ != nullptr && policy_->admin; }
  bool Sees(const std::string& index) const;
  /// Throws Problem 403 index_not_allowed.
  void Check(const std::string& index) const;
  /// Returns a schema without the hidden paths of the configuration and of the policy.
  query::Schema SchemaOf(const std::shared_ptr<const plan::Plan>& plan) const;
  /// Returns the policy's filter, which may use all fields, including hidden ones; all documents if
  /// there is none. Throws Problem 403 missing_claim.
  query::Dsl FilterOf(const std::shared_ptr<const plan::Plan>& plan) const;
  bool MayHighlight() const { return policy_ == nullptr || policy_->highlight; }
  bool MayExport() const { return policy_ == nullptr || policy_->export_allowed; }
  /// Throws Problem 403 parameter_not_allowed for parameters that the policy forbids.
  void CheckParameters(const query::SearchRequest& request) const;
  void CheckStrong(const char* parameter) const;
  void CheckFacets(const char* parameter) const;
  /// Returns the rate of the key, else of its policy, else of the limits; nullopt: none is set.
  std::optional<double> requests_per_second() const { return requests_per_second_; }
  /// Returns `wanted`, limited by the policy.
  int PerPage(int wanted) const;

 private:
  /// Returns the policy's rules for an index, those of "*" and its own; all of them apply.
  std::vector<const config::PolicyIndex*> RulesOf(const std::string& index) const;

  static Access Judge(const Settings& settings, const std::string& credentials);
  const json::Value* Claim(const std::string& name) const;
  static Access OfToken(const Settings& settings, const std::string& token);

  std::string caller_;
  const config::Policy* policy_ = nullptr;  ///< Null: everything is allowed.
  json::Value claims_;
  std::optional<double> requests_per_second_;
  mutable std::vector<std::string> asked_indexes_;
};

}  // namespace pgsluice::api
