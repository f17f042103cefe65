#include "config/options.h"
#include "pgsluice/config/values.h"

namespace pgsluice::config {

namespace {

Option RateOption(const char* description) {
  return {.name = "requests_per_second",
          .type = Type::kNumber,
          .description = description,
          .nullable = true,
          .min = 0,
          .max = 1e6};
}

const std::vector<Option>& KeyOptions() {
  static const std::vector<Option> options = {
      {.name = "name", .description = "For logs.", .required = true},
      {.name = "sha256",
       .description = "Hash of the key; `pgsluice keys create` prints it.",
       .required = true,
       .check = CheckSha256,
       .pattern = "^[0-9a-f]{64}$"},
      {.name = "policy", .required = true},
      {.name = "expires",
       .description = "A date (midnight UTC) or a time with its offset, RFC 3339. Left out: never.",
       .nullable = true,
       .check = CheckDate},
      RateOption("Limit of this key. Left out: its policy's."),
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
       .description = "For HS256, HS384 and HS512: at least 32 bytes.",
       .environment = "PGSLUICE_JWT_SECRET",
       .secret = true},
      {.name = "jwks_file", .description = "JSON Web Key Set, reloaded when it changes."},
      {.name = "jwks_url",
       .description = "URL of the key set, instead of jwks_file. Fetched again every ten "
                      "minutes and when a token names a key that is not in it.",
       .url = true,
       .check = CheckHttpUrl},
      {.name = "require_exp",
       .type = Type::kBool,
       .description = "Whether a token without `exp` is refused.",
       .default_json = "true"},
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
      RateOption("Limit per caller. Left out: limits.requests_per_second."),
      {.name = "strong",
       .type = Type::kBool,
       .description = "Whether `consistency`, `after` and `sync/wait` may be used: each makes the "
                      "engine refresh.",
       .default_json = "true"},
      {.name = "facets",
       .type = Type::kBool,
       .description = "Whether values may be counted: `facets`, `/facets` and `/suggest`.",
       .default_json = "true"},
      {.name = "highlight", .type = Type::kBool, .default_json = "true"},
      {.name = "explain",
       .type = Type::kBool,
       .description = "Whether `explain` may be used, which explains the score of each hit.",
       .default_json = "false"},
      {.name = "admin",
       .type = Type::kBool,
       .description = "Whether such a key may change things on the admin port. If any policy has "
                      "this, changes there need such a key.",
       .default_json = "false"},
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
