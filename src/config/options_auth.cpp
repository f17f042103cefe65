#include "options.h"
#include "pgsluice/config/values.h"

namespace pgsluice::config {

namespace {

const std::vector<Option>& KeyOptions() {
  static const std::vector<Option> options = {
      {.name = "name", .description = "For logs.", .required = true},
      {.name = "sha256",
       .description = "Of the key; `pgsluice keys create` makes one.",
       .required = true,
       .check = CheckSha256,
       .pattern = "^[0-9a-f]{64}$"},
      {.name = "policy", .required = true},
      {.name = "expires",
       .description = "Date or time, ISO 8601. Left out: never.",
       .nullable = true,
       .check = CheckDate},
  };
  return options;
}

const std::vector<Option>& JwtOptions() {
  static const std::vector<Option> options = {
      {.name = "algorithms",
       .type = Type::kStrings,
       .required = true,
       .allowed = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384",
                   "ES512"}},
      {.name = "secret",
       .description = "For HS256 and its kin.",
       .environment = "PGSLUICE_JWT_SECRET",
       .secret = true},
      {.name = "jwks_file", .description = "JSON Web Key Set, for RS256, ES256 and their kin."},
      {.name = "issuer"},
      {.name = "audience"},
      {.name = "policy", .required = true},
  };
  return options;
}

const std::vector<Option>& PolicyIndexOptions() {
  static const std::vector<Option> options = {
      {.name = "filter",
       .description = "Added to every request; ${claims.NAME} stands for the caller's claim.",
       .nullable = true},
      {.name = "hidden", .type = Type::kStrings, .description = "Field paths hidden here."},
  };
  return options;
}

const std::vector<Option>& PolicyOptions() {
  static const std::vector<Option> options = {
      {.name = "indexes",
       .type = Type::kMap,
       .description = "Which indexes may be read; \"*\" stands for every one.",
       .required = true,
       .members = PolicyIndexOptions},
      {.name = "export", .type = Type::kBool, .default_json = "true"},
      {.name = "per_page", .type = Type::kInteger, .nullable = true, .min = 1, .max = 100},
  };
  return options;
}

}  // namespace

const std::vector<Option>& AuthOptions() {
  static const std::vector<Option> options = {
      {.name = "anonymous",
       .description = "Policy of callers without credentials; null: they are refused.",
       .nullable = true},
      {.name = "keys", .type = Type::kObjects, .default_json = "[]", .members = KeyOptions},
      {.name = "jwt", .type = Type::kObject, .nullable = true, .members = JwtOptions},
      {.name = "policies", .type = Type::kMap, .default_json = "{}", .members = PolicyOptions},
  };
  return options;
}

}  // namespace pgsluice::config
