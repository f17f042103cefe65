#include "config/rules.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "config/database_rules.h"
#include "config/search_rules.h"
#include "pgsluice/config/schemas.h"
#include "pgsluice/config/values.h"

namespace pgsluice::config {

namespace {

using json::Value;

class Rules {
 public:
  Rules(const Config& config, const Value& checked, const Origin& origin, Findings& findings)
      : config_(config), checked_(checked), origin_(origin), findings_(findings) {}

  void Check() {
    CheckEngine();
    CheckListen();
    CheckDatabases(config_, checked_, origin_, findings_);
    CheckIndexes();
    CheckAuth();
    CheckAdmin();
  }

 private:
  void Add(const std::string& path, const Value* value, std::string message,
           std::string hint = {}) {
    findings_.push_back({origin_.Place(path, value), std::move(message), std::move(hint)});
  }

  void CheckEngine() {
    const Elasticsearch& engine = config_.elasticsearch;
    const Value* value = checked_.Find("elasticsearch");
    if (engine.username.empty() != engine.password.empty()) {
      Add("elasticsearch", value, "username and password belong together");
    }
    if (engine.client_cert_file.empty() != engine.client_key_file.empty()) {
      Add("elasticsearch", value, "client_cert_file and client_key_file belong together");
    }
    if (const auto wrong = CheckIndexName(engine.index_prefix, "x")) {
      Add("elasticsearch.index_prefix", value == nullptr ? nullptr : value->Find("index_prefix"),
          "no index can be named \"" + engine.index_prefix + "x\": " + *wrong);
    }
    const int ways = int{!engine.username.empty()} + int{!engine.api_key.empty()} +
                     int{!engine.bearer.empty()} + int{engine.aws.has_value()};
    if (ways > 1) {
      Add("elasticsearch", value, "more than one of username, api_key, bearer, aws is set",
          "the engine takes one kind of credentials: keep one");
    }
  }

  void CheckListen() {
    const Auth& auth = config_.auth;
    if (config_.listen.port == config_.admin_listen.port && config_.listen.port != 0 &&
        config_.listen.host == config_.admin_listen.host) {
      Add("admin_listen", checked_.Find("admin_listen"), "listen and admin_listen are the same",
          "give each a port of its own");
    }
    if (IsLoopback(config_.listen) || !auth.keys.empty() || auth.jwt || !auth.anonymous.empty()) {
      return;
    }
    Add("listen", checked_.Find("listen"),
        "listening beyond this machine would let anyone read everything",
        "add auth.keys or auth.jwt, or name a policy in auth.anonymous");
  }

  void CheckIndexes() {
    const Value* map = checked_.Find("indexes");
    if (map == nullptr) return;
    if (map->members.empty()) {
      Add("indexes", map, "no index is configured",
          "leave \"indexes\" out to index every table of schema public");
    }
    for (std::size_t i = 0; i < config_.indexes.size(); ++i) {
      const Index& index = config_.indexes[i];
      const Value& value = map->members[i].second;
      if (const auto wrong = CheckIndexName(config_.elasticsearch.index_prefix, index.name)) {
        Add(index.place, &value, *wrong);
      }
      for (const Index& other : config_.indexes) {
        if (!IsPhysicalName(index.name, other.name)) continue;
        Add(index.place, &value,
            "\"" + index.name + "\" is the name of an index behind \"" + other.name +
                "\" is called",
            "choose another name for one of the two");
      }
      CheckSchemas(index, value);
      CheckShape(index, value);
      const Value* search = value.Find("search");
      if (search == nullptr) continue;
      CheckSearchRules(index, *search,
                       [this](const auto& path, const Value* at, const auto& message,
                              const auto& hint) { Add(path, at, message, hint); });
    }
  }

  void CheckSchemas(const Index& index, const Value& value) {
    const bool many = PatternOf(index.table).has_value();
    for (const Embed& embed : index.embeds) CheckEmbedSchema(embed);
    const Value* per = value.Find("index_per");
    const Value* field = value.Find("schema_field");
    if (!many && index.per_schema) {
      Add(index.place + ".index_per", per, "the table is in one schema",
          R"(leave it out, or write "table": "tenant_*.orders")");
    }
    if (field != nullptr && (!many || index.per_schema)) {
      Add(index.place + ".schema_field", field,
          many ? "with index_per each index holds one schema, so there is no such field"
               : "the table is in one schema",
          "leave it out");
    }
  }

  void CheckEmbedSchema(const Embed& embed) {
    std::vector<std::string> tables{embed.table};
    for (const Through& through : embed.through) tables.push_back(through.table);
    for (const std::string& table : tables) {
      if (!PatternOf(table)) continue;
      Add(embed.place + ".table", nullptr,
          fmt::format("\"{}\" would be rows of many schemas", table),
          "leave the schema out: then it is the table of the same schema");
    }
    for (const Embed& below : embed.embeds) CheckEmbedSchema(below);
  }

  /// Checks what indexes and embeds have in common.
  template <typename Node>
  void CheckShape(const Node& node, const Value& value) {
    if (!node.columns.empty() && !node.exclude.empty()) {
      Add(node.place + ".exclude", value.Find("exclude"), "columns and exclude exclude each other",
          "keep one of them");
    }
    std::set<std::string> names;
    const auto once = [&](const char* where, const std::string& key, const std::string& name) {
      if (names.insert(name).second) return;
      const std::string place = node.place + '.' + where + '.' + key;
      Add(place, value.Find({where, key}),
          fmt::format("the document would have two fields \"{}\"", name));
    };
    for (const auto& [column, field] : node.rename) once("rename", column, field);
    for (const auto& [name, field] : node.fields) once("fields", name, name);
    const Value* map = value.Find("embed");
    for (std::size_t i = 0; i < node.embeds.size(); ++i) {
      once("embed", node.embeds[i].name, node.embeds[i].name);
      CheckShape(node.embeds[i], map->members[i].second);
      CheckEmbed(node.embeds[i], map->members[i].second);
    }
  }

  void CheckEmbed(const Embed& embed, const Value& value) {
    const bool objects = !embed.columns.empty() || !embed.exclude.empty() || !embed.embeds.empty();
    const bool aggregate = embed.aggregate != Aggregate::kNone;
    if (!embed.value.empty() && aggregate) {
      Add(embed.place, &value, "value and aggregate exclude each other", "keep one of them");
    } else if (objects && (aggregate || !embed.value.empty())) {
      Add(embed.place, &value,
          fmt::format("columns, exclude and embed have no effect together with {}",
                      aggregate ? "aggregate" : "value"));
    }
  }

  void CheckPolicyName(const std::string& path, const Value* value, const std::string& name) {
    if (name.empty() || config_.auth.policies.contains(name)) return;
    std::vector<std::string> names;
    for (const auto& [known, policy] : config_.auth.policies) names.push_back(known);
    const std::string nearest = Nearest(name, names);
    Add(path, value, fmt::format("there is no policy \"{}\"", name),
        nearest.empty() ? "describe it under auth.policies"
                        : fmt::format("did you mean \"{}\"?", nearest));
  }

  void CheckAuth() {
    const Auth& auth = config_.auth;
    const Value* value = checked_.Find("auth");
    if (value == nullptr) return;
    CheckPolicyName("auth.anonymous", value->Find("anonymous"), auth.anonymous);
    std::set<std::string> names, hashes;
    const Value* keys = value->Find("keys");
    for (std::size_t i = 0; i < auth.keys.size(); ++i) {
      const std::string place = fmt::format("auth.keys[{}]", i);
      const Value& key = keys->items[i];
      CheckPolicyName(place + ".policy", key.Find("policy"), auth.keys[i].policy);
      if (!names.insert(auth.keys[i].name).second) {
        Add(place + ".name", key.Find("name"),
            fmt::format("another key is named \"{}\" as well", auth.keys[i].name));
      }
      if (!hashes.insert(auth.keys[i].sha256).second) {
        Add(place + ".sha256", key.Find("sha256"),
            "another key has the same hash: they are one key, with one policy",
            "make another with: pgsluice keys create");
      }
    }
    CheckJwt(value->Find("jwt"));
    CheckPolicies(value->Find("policies"));
  }

  void CheckAdmin() {
    const auto& policies = config_.auth.policies;
    const bool any = std::any_of(policies.begin(), policies.end(),
                                 [](const auto& policy) { return policy.second.admin; });
    if (!config_.admin_auth || any) return;
    Add("admin_auth", checked_.Find("admin_auth"), "no policy has \"admin\": true",
        "describe one under auth.policies, and give a key to it");
  }

  void CheckJwt(const Value* value) {
    if (!config_.auth.jwt) return;
    const Jwt& jwt = *config_.auth.jwt;
    CheckPolicyName("auth.jwt.policy", value->Find("policy"), jwt.policy);
    for (const std::string& algorithm : jwt.algorithms) {
      const bool shared = algorithm.starts_with("HS");
      const bool set = !jwt.jwks_file.empty() || !jwt.jwks_url.empty();
      if (!set && (!shared || jwt.secret.empty())) {
        Add("auth.jwt", value,
            fmt::format("{} needs {}", algorithm,
                        shared ? "secret, jwks_file or jwks_url" : "jwks_file or jwks_url"));
        return;
      }
    }
    if (!jwt.jwks_file.empty() && !jwt.jwks_url.empty()) {
      Add("auth.jwt", value, "jwks_file and jwks_url exclude each other", "keep one of them");
    }
    if (!jwt.secret.empty() && jwt.secret.size() < 32) {
      Add("auth.jwt.secret", value->Find("secret"),
          fmt::format(
              "the secret has {} bytes, but needs 32: a shorter one can be guessed from any "
              "token",
              jwt.secret.size()),
          "make one with: openssl rand -base64 48");
    }
  }

  /// Returns the definition (with an index for each schema) that the index belongs to; null if
  /// none.
  const Index* DefinitionOf(const std::string& index) const {
    const auto found =
        std::find_if(config_.indexes.begin(), config_.indexes.end(), [&](const Index& one) {
          return one.per_schema && (index == one.name || index.starts_with(one.name + "."));
        });
    return found == config_.indexes.end() ? nullptr : &*found;
  }

  void CheckPolicies(const Value* policies) {
    if (config_.all_tables) return;
    std::vector<std::string> names;
    for (const Index& index : config_.indexes) names.push_back(index.name);
    for (const auto& [name, policy] : config_.auth.policies) {
      for (const auto& [index, rule] : policy.indexes) {
        const std::string place = fmt::format("auth.policies.{}.indexes.{}", name, index);
        if (const Index* many = DefinitionOf(index)) {
          if (many->name != index) continue;
          Add(place, policies->Find({name, "indexes", index}),
              fmt::format("\"{}\" has an index for each schema", index),
              fmt::format("write \"{}.*\" for all of them, or the name of one", index));
          continue;
        }
        if (index == "*" || std::find(names.begin(), names.end(), index) != names.end()) continue;
        const std::string nearest = Nearest(index, names);
        Add(place, policies->Find({name, "indexes", index}),
            fmt::format("there is no index \"{}\"", index),
            nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest));
      }
    }
  }

  const Config& config_;
  const Value& checked_;
  const Origin& origin_;
  Findings& findings_;
};

}  // namespace

void CheckRules(const Config& config, const Value& checked, const Origin& origin,
                Findings& findings) {
  Rules(config, checked, origin, findings).Check();
}

}  // namespace pgsluice::config
