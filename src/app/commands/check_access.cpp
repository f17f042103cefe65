#include "app/commands/check_access.h"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>

#include "app/commands/check_ranking.h"
#include "pgsluice/api/key_set.h"
#include "pgsluice/api/tls.h"
#include "pgsluice/config/schemas.h"
#include "pgsluice/config/values.h"
#include "pgsluice/json/value.h"
#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/schema.h"
#include "pgsluice/query/sort.h"

namespace pgsluice::app {

namespace {

using config::Findings;

/// Calls `see` for every value that a filter compares with.
void ForEachLiteral(const query::Expr& expr,
                    const std::function<void(const query::Literal&)>& see) {
  for (const query::Literal& literal : expr.values) see(literal);
  for (const query::Expr& part : expr.parts) ForEachLiteral(part, see);
}

/// Returns a value that the field can be compared with, as a sample for a claim.
json::Value Sample(const plan::Field* field) {
  json::Value value;
  value.type = json::Type::kString;
  if (field == nullptr) return value;
  switch (field->kind) {
    case plan::Kind::kInteger:
    case plan::Kind::kDecimal:
      value.type = json::Type::kNumber;
      value.text = "1";
      break;
    case plan::Kind::kBool:
      value.type = json::Type::kBool;
      break;
    case plan::Kind::kDate:
      value.text = "2000-01-01";
      break;
    case plan::Kind::kEnum:
      value.text = field->labels.empty() ? "" : field->labels.front();
      break;
    case plan::Kind::kIp:
    case plan::Kind::kIpRange:
      value.text = "127.0.0.1";
      break;
    default:
      value.text = "x";
  }
  return value;
}

/// Replaces claims by samples, so that the rest can be checked against the fields.
query::Expr WithSamples(query::Expr expr, const query::Schema& schema) {
  const plan::Field* field = expr.path.empty() ? nullptr : schema.Find(expr.path);
  for (query::Literal& literal : expr.values) {
    if (literal.claim.empty()) continue;
    const json::Value sample = Sample(field);
    literal.claim.clear();
    literal.quoted = sample.IsString();
    literal.text = sample.IsBool() ? "true" : sample.text;
  }
  if (!expr.list_claim.empty()) {
    expr.list_claim.clear();
    expr.values.clear();
    query::Literal& literal = expr.values.emplace_back();
    const json::Value sample = Sample(field);
    literal.quoted = sample.IsString();
    literal.text = sample.IsBool() ? "true" : sample.text;
  }
  for (query::Expr& part : expr.parts) part = WithSamples(std::move(part), schema);
  return expr;
}

class AccessChecker {
 public:
  AccessChecker(const config::Config& config, Findings& findings)
      : config_(config), findings_(findings) {}

  void Check() {
    for (const auto& [name, policy] : config_.auth.policies) {
      for (const auto& [index, rule] : policy.indexes) {
        CheckFilter(fmt::format("auth.policies.{}.indexes.{}.filter", name, index), rule.filter);
      }
    }
    for (const config::Index& index : config_.indexes) {
      CheckRankingTexts(index, [this](const auto& where, const auto& message, const auto& hint) {
        Add(where, message, hint);
      });
    }
    if (config_.auth.jwt) CheckKeySet(*config_.auth.jwt);
    CheckTls("tls", config_.tls);
    CheckTls("admin_tls", config_.admin_tls);
    WarnOfPlainHttp();
    WarnOfListening();
    WarnOfReadableFiles();
  }

  void CheckFields(const plan::Plan& plan) {
    const auto shared = std::shared_ptr<const plan::Plan>(std::shared_ptr<void>(), &plan);
    const query::Schema schema(shared, {});
    for (const auto& [name, policy] : config_.auth.policies) {
      const auto rules = config::RulesOf(policy, plan.name);
      for (const auto& [index, rule] : policy.indexes) {
        if (std::find(rules.begin(), rules.end(), &rule) == rules.end()) continue;
        const std::string place = fmt::format("auth.policies.{}.indexes.{}", name, index);
        // A policy for all indexes may name a field that some do not have; it shows nothing of
        // those.
        CheckFilterFields(place + ".filter", rule.filter, schema, index == "*");
      }
    }
    const std::string place = fmt::format("indexes.{}.search", plan.name);
    // A reload applies these settings, while the plan has the configuration of the start.
    const auto index = std::find_if(
        config_.indexes.begin(), config_.indexes.end(), [&plan](const config::Index& one) {
          return one.name == plan.name || one.name == plan.config.definition;
        });
    CheckRankingFields(index == config_.indexes.end() ? plan.config : *index, schema,
                       [this](const auto& where, const auto& message, const auto& hint) {
                         Add(where, message, hint);
                       });
    for (const std::string& item : plan.config.search.default_sort) {
      CheckSort(place + ".default_sort", item, schema);
    }
    for (const std::string& path : plan.config.search.facets) {
      const plan::Field* field = schema.Find(path);
      if (field == nullptr) {
        Add(place + ".facets", schema.Unknown(path, nullptr), "");
      } else if (!query::IsFacetable(*field)) {
        Add(place + ".facets",
            fmt::format("the values of '{}' ({}) cannot be counted", path, field->pg_type), "");
      }
    }
  }

 private:
  void Add(const std::string& path, const std::string& message, const std::string& hint,
           bool warning = false) {
    const std::string& file = config_.file;
    findings_.push_back({file.empty() ? path : file + ": " + path, message, hint, warning});
  }

  /// Runs a check and turns what it throws into a finding at `place`.
  void Try(const std::string& place, const std::function<void()>& work, const std::string& hint,
           bool warning = false) {
    try {
      work();
    } catch (const Error& error) {
      Add(place, error.what(), error.hint().empty() ? hint : error.hint(), warning);
    }
  }

  void CheckFilter(const std::string& place, const std::string& filter) {
    if (filter.empty()) return;
    Try(
        place,
        [&] {
          const query::Expr expr = query::ParseFilter(filter, {"policy", true});
          ForEachLiteral(expr, [&](const query::Literal& literal) {
            if (literal.text.find("${") == std::string::npos) return;
            Add(place, fmt::format("\"{}\" is a text, not a claim", literal.text),
                "write ${claims.name} without quotes");
          });
        },
        "a condition over the fields of the documents, with ${claims.name} for the caller's "
        "claims");
  }

  void CheckFilterFields(const std::string& place, const std::string& filter,
                         const query::Schema& schema, bool warning) {
    if (filter.empty()) return;
    std::optional<query::Expr> expr;
    try {
      expr = query::ParseFilter(filter, {"policy", true});
    } catch (const Error&) {
      return;  // Already reported by the check without fields.
    }
    Try(
        place, [&] { query::TranslateFilter(WithSamples(*expr, schema), schema, "policy"); },
        fmt::format("callers see nothing of index \"{}\"", schema.plan().name), warning);
  }

  void CheckSort(const std::string& place, const std::string& item, const query::Schema& schema) {
    Try(
        place,
        [&] {
          using By = query::SearchRequest::Sort::By;
          const auto key = query::ParseSort(item, "default_sort", std::nullopt);
          if (key.by == By::kScore) return;
          const query::Resolved found = schema.Resolve(key.path, nullptr);
          if (found.field == nullptr) return Add(place, schema.Unknown(key.path, nullptr), "");
          const bool fits = key.by == By::kDistance ? query::HasDistance(*found.field)
                                                    : query::IsSortable(*found.field);
          if (fits && !found.json_value) return;
          Add(place, fmt::format("'{}' ({}) cannot be sorted by", key.path, found.field->pg_type),
              "");
        },
        "as in created_at:desc:nulls_last or distance(location, 48.1, 11.5)");
  }

  void CheckKeySet(const config::Jwt& jwt) {
    if (!jwt.jwks_file.empty()) {
      Try(
          "auth.jwt.jwks_file",
          [&] {
            if (api::CountKeys(jwt.jwks_file) > 0) return;
            throw Error(Disposition::kReject,
                        fmt::format("\"{}\" has no usable key", jwt.jwks_file));
          },
          "a JSON Web Key Set with RSA keys of 2048 bits, P-256, P-384, P-521 or oct of 32 bytes");
    }
    if (jwt.jwks_url.starts_with("http://") && !IsHere(jwt.jwks_url)) {
      Add("auth.jwt.jwks_url", "keys that come over plain HTTP can be replaced on their way",
          "use https://");
    }
  }

  void CheckTls(const std::string& place, const std::optional<config::Tls>& tls) {
    if (tls)
      Try(
          place, [&] { api::CheckTlsFiles(*tls); }, "give PEM files");
  }

  /// Returns whether a URL's host is this machine.
  static bool IsHere(const std::string& url) {
    std::string host = url.substr(url.find("://") + 3);
    host = host.substr(0, host.find('/'));
    if (const std::size_t at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
    if (host.starts_with("[::1]")) return true;
    return config::IsLoopback({host.substr(0, host.find(':')), 0});
  }

  void WarnOfPlainHttp() {
    const config::Elasticsearch& engine = config_.elasticsearch;
    const bool credentials =
        !engine.password.empty() || !engine.api_key.empty() || !engine.bearer.empty();
    for (const std::string& url : engine.urls) {
      const bool in_url = url.find('@') != std::string::npos;
      if (!url.starts_with("http://") || IsHere(url) || !(credentials || in_url)) continue;
      Add("elasticsearch.urls",
          "credentials go to another host over plain HTTP: anyone on the way can read them",
          "use https://", true);
      return;
    }
  }

  void WarnOfListening() {
    if (!config::IsLoopback(config_.listen) && !config_.tls) {
      Add("listen",
          "the API listens beyond this machine without TLS: keys and documents can be "
          "read on their way",
          "set tls, or make sure that a proxy in front does it", true);
    }
    if (!config::IsLoopback(config_.admin_listen)) {
      Add("admin_listen",
          "the admin port listens beyond this machine: it shows the state of "
          "everything, and anyone who reaches it can retry and search",
          "listen on loopback, or let only monitoring reach it", true);
    }
  }

  void WarnOfReadableFiles() {
    const auto warn = [this](const std::string& place, const std::string& file) {
      struct stat info {};
      if (file.empty() || stat(file.c_str(), &info) != 0 || (info.st_mode & S_IROTH) == 0) return;
      Add(place,
          fmt::format("\"{}\" holds a secret and can be read by everybody on this machine", file),
          fmt::format("chmod o-rwx {}", file), true);
    };
    if (config_.tls) warn("tls.key_file", config_.tls->key_file);
    if (config_.admin_tls) warn("admin_tls.key_file", config_.admin_tls->key_file);
    warn("elasticsearch.client_key_file", config_.elasticsearch.client_key_file);
    for (const std::string& file : config_.secret_files) warn("", file);
  }

  const config::Config& config_;
  Findings& findings_;
};

}  // namespace

void CheckAccess(const config::Config& config, Findings& findings) {
  AccessChecker(config, findings).Check();
}

void CheckAccessToFields(const config::Config& config,
                         const std::vector<std::shared_ptr<const plan::Plan>>& plans,
                         Findings& findings) {
  for (const auto& plan : plans) AccessChecker(config, findings).CheckFields(*plan);
}

}  // namespace pgsluice::app
