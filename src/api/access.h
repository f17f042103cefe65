#pragma once

#include <string>
#include <vector>

#include "api/settings.h"
#include "pgsluice/config/config.h"
#include "pgsluice/json/value.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/schema.h"

namespace pgsluice::api {

/// What one caller may see. Given to every endpoint. Must not outlive the settings.
class Access {
 public:
  /// From the credentials of a request (empty: none). Throws Problem 401.
  static Access Of(const Settings& settings, const std::string& credentials);

  const std::string& caller() const { return caller_; }
  bool Sees(const std::string& index) const;
  /// Throws Problem 403 index_not_allowed.
  void Check(const std::string& index) const;
  /// Configured hidden paths and those of the policy.
  query::Schema SchemaOf(const std::shared_ptr<const document::Plan>& plan) const;
  /// The policy's filter over all fields, hidden ones too; everything without one. Throws Problem
  /// 403 missing_claim.
  query::Dsl FilterOf(const std::shared_ptr<const document::Plan>& plan) const;
  bool MayExport() const { return policy_ == nullptr || policy_->export_allowed; }
  /// Lowered to the policy's limit.
  int PerPage(int wanted) const;

 private:
  const config::PolicyIndex* RuleOf(const std::string& index) const;

  static Access OfToken(const Settings& settings, const std::string& token);

  std::string caller_;
  const config::Policy* policy_ = nullptr;  ///< Null: everything.
  json::Value claims_;
};

}  // namespace pgsluice::api
