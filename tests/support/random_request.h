#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace pgsluice::testing {

struct TenantRequest {
  std::string method, path, body;
  bool scored = false;  ///< In the order of scores, which depend on the words of all rows.
};

/// Requests to any endpoint with any parameters, mostly valid ones, over the index of the tenant
/// test: visible fields, hidden ones and others that do not exist. The seed determines everything.
class RandomRequest {
 public:
  explicit RandomRequest(std::mt19937_64& random) : random_(random) {}
  TenantRequest Make();

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;  ///< Values as JSON.

  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  const std::string& Of(const std::vector<std::string>& list);
  std::string Path();
  std::string Paths(int most);
  std::string Value();
  std::string Filter(int depth);
  std::string Predicate(const std::string& path);
  std::string Tree();
  /// Returns parameters of an endpoint that accepts all of `names`.
  Members Parameters(const std::vector<std::string>& names);
  std::string Member(const std::string& name);
  std::string FacetOptions();
  TenantRequest Get(const std::string& path, const Members& members);
  TenantRequest Post(const std::string& path, const Members& members);
  TenantRequest ById();
  TenantRequest Search();
  TenantRequest Instant();
  TenantRequest Multi();

  std::mt19937_64& random_;
};

}  // namespace pgsluice::testing
