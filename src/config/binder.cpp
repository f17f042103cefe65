#include "config/binder.h"

#include "pgsluice/config/values.h"

namespace pgsluice::config {

namespace {

using json::Value;

void Get(const Value& object, const char* name, std::string& out) {
  if (const Value* value = object.Find(name)) out = value->text;
}

void Get(const Value& object, const char* name, int& out) {
  if (const Value* value = object.Find(name)) out = static_cast<int>(value->AsInt().value_or(out));
}

void Get(const Value& object, const char* name, std::optional<double>& out) {
  if (const Value* value = object.Find(name)) out = value->AsDouble();
}

void Get(const Value& object, const char* name, bool& out) {
  if (const Value* value = object.Find(name)) out = value->boolean;
}

void Get(const Value& object, const char* name, std::optional<bool>& out) {
  if (const Value* value = object.Find(name)) out = value->boolean;
}

void Get(const Value& object, const char* name, std::vector<std::string>& out) {
  const Value* value = object.Find(name);
  if (value == nullptr) return;
  out.clear();
  for (const Value& item : value->items) out.push_back(item.text);
}

void Get(const Value& object, const char* name,
         std::vector<std::pair<std::string, std::string>>& out) {
  const Value* value = object.Find(name);
  if (value == nullptr) return;
  for (const auto& [key, member] : value->members) out.emplace_back(key, member.text);
}

void Get(const Value& object, const char* name, std::vector<std::pair<std::string, Field>>& out) {
  const Value* value = object.Find(name);
  if (value == nullptr) return;
  for (const auto& [key, member] : value->members) {
    Field field;
    Get(member, "sql", field.sql);
    Get(member, "type", field.type);
    out.emplace_back(key, std::move(field));
  }
}

void Get(const Value& object, const char* name, std::vector<std::pair<std::string, On>>& out) {
  const Value* value = object.Find(name);
  if (value == nullptr) return;
  for (const Value& item : value->items) {
    std::pair<std::string, On> source;
    Get(item, "table", source.first);
    Get(item, "on", source.second);
    out.push_back(std::move(source));
  }
}

void Get(const Value& object, const char* name, Address& out) {
  if (const Value* value = object.Find(name)) out = ParseAddress(value->text).value_or(out);
}

void Get(const Value& object, const char* name, std::optional<Tls>& out) {
  const Value* value = object.Find(name);
  if (value == nullptr) return;
  out.emplace();
  Get(*value, "cert_file", out->cert_file);
  Get(*value, "key_file", out->key_file);
  Get(*value, "client_ca_file", out->client_ca_file);
}

void BindElasticsearch(const Value& value, Elasticsearch& out) {
  Get(value, "urls", out.urls);
  Get(value, "index_prefix", out.index_prefix);
  Get(value, "username", out.username);
  Get(value, "password", out.password);
  Get(value, "api_key", out.api_key);
  Get(value, "bearer", out.bearer);
  Get(value, "ca_file", out.ca_file);
  Get(value, "client_cert_file", out.client_cert_file);
  Get(value, "client_key_file", out.client_key_file);
  if (const Value* aws = value.Find("aws")) {
    out.aws.emplace();
    Get(*aws, "region", out.aws->region);
    Get(*aws, "service", out.aws->service);
  }
}

void BindSync(const Value& value, Sync& out) {
  Get(value, "workers", out.workers);
  if (const Value* bytes = value.Find("bulk_bytes")) {
    out.bulk_bytes = static_cast<std::size_t>(bytes->AsInt().value_or(0));
  }
  std::string word;
  Get(value, "refresh", word);
  out.adaptive_refresh = word != "interval";
  Get(value, "refresh_interval", out.refresh_interval);
  Get(value, "on_incompatible_change", word);
  out.reindex_on_incompatible_change = word == "reindex";
}

void BindAggregate(const Value& value, Embed& out) {
  if (value.IsString()) {
    out.aggregate = Aggregate::kCount;
    return;
  }
  const auto& [function, column] = value.members.front();
  out.aggregate = function == "sum"   ? Aggregate::kSum
                  : function == "min" ? Aggregate::kMin
                  : function == "max" ? Aggregate::kMax
                                      : Aggregate::kAvg;
  out.aggregate_column = column.text;
}

/// Reads what an index and an embed have in common.
template <typename Node>
void BindShape(const Value& value, Node& out) {
  Get(value, "table", out.table);
  Get(value, "key", out.key);
  Get(value, "where", out.where);
  Get(value, "columns", out.columns);
  Get(value, "exclude", out.exclude);
  Get(value, "rename", out.rename);
  Get(value, "fields", out.fields);
  Get(value, "sources", out.sources);
  const Value* columns = value.Find("columns");
  out.no_columns =
      columns != nullptr && columns->IsArray() && columns->items.empty() && !out.fields.empty();
}

std::vector<Embed> BindEmbeds(const Value& parent, const std::string& place) {
  std::vector<Embed> embeds;
  const Value* map = parent.Find("embed");
  if (map == nullptr) return embeds;
  for (const auto& [name, value] : map->members) {
    Embed embed;
    embed.name = name;
    embed.place = place + ".embed." + name;
    BindShape(value, embed);
    Get(value, "on", embed.on);
    if (const Value* through = value.Find("through")) {
      for (const Value& item : through->items) {
        Through link;
        Get(item, "table", link.table);
        Get(item, "on", link.on);
        embed.through.push_back(std::move(link));
      }
    }
    Get(value, "order_by", embed.order_by);
    if (const Value* limit = value.Find("limit")) embed.limit = limit->AsInt();
    Get(value, "value", embed.value);
    if (const Value* aggregate = value.Find("aggregate")) BindAggregate(*aggregate, embed);
    Get(value, "many", embed.many);
    Get(value, "nested", embed.nested);
    embed.embeds = BindEmbeds(value, embed.place);
    embeds.push_back(std::move(embed));
  }
  return embeds;
}

std::vector<Boost> BindBoosts(const Value& value, const char* name) {
  std::vector<Boost> boosts;
  const Value* list = value.Find(name);
  if (list == nullptr) return boosts;
  for (const Value& item : list->items) {
    Boost& boost = boosts.emplace_back();
    Get(item, "field", boost.field);
    Get(item, "modifier", boost.modifier);
    Get(item, "recency", boost.recency);
    Get(item, "half_life", boost.half_life);
    Get(item, "filter", boost.filter);
    if (const Value* weight = item.Find("weight")) boost.weight = weight->AsDouble().value_or(1);
  }
  return boosts;
}

std::vector<Rule> BindRules(const Value& value) {
  std::vector<Rule> rules;
  const Value* list = value.Find("rules");
  if (list == nullptr) return rules;
  for (const Value& item : list->items) {
    Rule& rule = rules.emplace_back();
    Get(item, "q", rule.q);
    Get(item, "match", rule.match);
    Get(item, "pin", rule.pin);
    Get(item, "hide", rule.hide);
    rule.boost = BindBoosts(item, "boost");
    Get(item, "filter", rule.filter);
  }
  return rules;
}

void BindSearch(const Value& value, Search& out) {
  if (const Value* fields = value.Find("fields")) {
    for (const auto& [path, weight] : fields->members) {
      out.fields.emplace_back(path, weight.AsDouble().value_or(1));
    }
  }
  Get(value, "hidden", out.hidden);
  Get(value, "default_sort", out.default_sort);
  Get(value, "per_page", out.per_page);
  Get(value, "language", out.language);
  Get(value, "languages", out.languages);
  if (value.Find("stop_words") != nullptr) Get(value, "stop_words", out.stop_words.emplace());
  Get(value, "synonyms", out.synonyms);
  Get(value, "identifiers", out.identifiers);
  Get(value, "fallback", out.fallback);
  out.ranking = BindBoosts(value, "ranking");
  out.rules = BindRules(value);
  Get(value, "facets", out.facets);
  std::string incomplete;
  Get(value, "incomplete", incomplete);
  out.refuse_incomplete = incomplete == "refuse";
}

Index BindIndex(const std::string& name, const Value& value) {
  Index index;
  index.name = name;
  index.place = "indexes." + name;
  index.table = name;
  BindShape(value, index);
  index.embeds = BindEmbeds(value, index.place);
  if (const Value* mapping = value.Find("mapping")) index.mapping = mapping->members;
  if (const Value* settings = value.Find("settings")) index.settings = *settings;
  Get(value, "database", index.database);
  Get(value, "routing", index.routing);
  Get(value, "pipeline", index.pipeline);
  Get(value, "refresh_at", index.refresh_at);
  Get(value, "schema_field", index.schema_field);
  std::string per;
  Get(value, "index_per", per);
  index.per_schema = per == "schema";
  std::string every;
  Get(value, "refresh_every", every);
  index.refresh_every = ParseDuration(every).value_or(std::chrono::milliseconds(0));
  if (const Value* search = value.Find("search")) BindSearch(*search, index.search);
  return index;
}

Policy BindPolicy(const Value& value) {
  Policy policy;
  if (const Value* indexes = value.Find("indexes")) {
    for (const auto& [name, member] : indexes->members) {
      Get(member, "filter", policy.indexes[name].filter);
      Get(member, "hidden", policy.indexes[name].hidden);
    }
  }
  Get(value, "export", policy.export_allowed);
  Get(value, "requests_per_second", policy.requests_per_second);
  Get(value, "strong", policy.strong);
  Get(value, "facets", policy.facets);
  Get(value, "highlight", policy.highlight);
  Get(value, "explain", policy.explain);
  Get(value, "admin", policy.admin);
  if (const Value* per_page = value.Find("per_page")) {
    policy.per_page = static_cast<int>(per_page->AsInt().value_or(20));
  }
  return policy;
}

void BindAuth(const Value& value, Auth& out) {
  Get(value, "anonymous", out.anonymous);
  if (const Value* keys = value.Find("keys")) {
    for (const Value& item : keys->items) {
      Key key;
      Get(item, "name", key.name);
      Get(item, "sha256", key.sha256);
      Get(item, "policy", key.policy);
      Get(item, "expires", key.expires);
      Get(item, "requests_per_second", key.requests_per_second);
      out.keys.push_back(std::move(key));
    }
  }
  if (const Value* jwt = value.Find("jwt")) {
    out.jwt.emplace();
    Get(*jwt, "algorithms", out.jwt->algorithms);
    Get(*jwt, "secret", out.jwt->secret);
    Get(*jwt, "jwks_file", out.jwt->jwks_file);
    Get(*jwt, "jwks_url", out.jwt->jwks_url);
    Get(*jwt, "require_exp", out.jwt->require_exp);
    Get(*jwt, "issuer", out.jwt->issuer);
    Get(*jwt, "audience", out.jwt->audience);
    Get(*jwt, "policy", out.jwt->policy);
  }
  if (const Value* policies = value.Find("policies")) {
    for (const auto& [name, policy] : policies->members) out.policies[name] = BindPolicy(policy);
  }
}

}  // namespace

Config Bind(const Value& checked) {
  Config config;
  config.effective = checked;
  if (const Value* database = checked.Find("database")) {
    Get(*database, "url", config.database.url);
    Get(*database, "all", config.database.all);
  }
  if (const Value* databases = checked.Find("databases")) {
    for (const auto& [name, value] : databases->members) {
      Get(value, "url", config.databases.emplace_back(Database{.url = {}, .name = name}).url);
    }
  }
  if (const Value* engine = checked.Find("elasticsearch")) {
    BindElasticsearch(*engine, config.elasticsearch);
  }
  Get(checked, "listen", config.listen);
  Get(checked, "admin_listen", config.admin_listen);
  Get(checked, "log_level", config.log_level);
  Get(checked, "log_format", config.log_format);
  if (const Value* sync = checked.Find("sync")) BindSync(*sync, config.sync);
  if (const Value* indexes = checked.Find("indexes")) {
    config.all_tables = false;
    for (const auto& [name, value] : indexes->members) {
      config.indexes.push_back(BindIndex(name, value));
      Index& index = config.indexes.back();
      const bool one = index.database.empty() && config.databases.size() == 1;
      if (one) index.database = config.databases.front().name;
    }
  }
  if (const Value* auth = checked.Find("auth")) BindAuth(*auth, config.auth);
  if (const Value* limits = checked.Find("limits")) {
    Get(*limits, "requests_per_second", config.limits.requests_per_second);
    Get(*limits, "address_requests_per_second", config.limits.address_requests_per_second);
    Get(*limits, "trusted_proxies", config.limits.trusted_proxies);
    Get(*limits, "concurrent", config.limits.concurrent);
    Get(*limits, "connections_per_address", config.limits.connections_per_address);
  }
  if (const Value* verify = checked.Find("verify")) {
    config.verify.emplace();
    Get(*verify, "rows_per_second", config.verify->rows_per_second);
    Get(*verify, "repair", config.verify->repair);
  }
  Get(checked, "admin_auth", config.admin_auth);
  Get(checked, "admin_row_values", config.admin_row_values);
  Get(checked, "access_log", config.access_log);
  Get(checked, "audit_log", config.audit_log);
  Get(checked, "cors_origins", config.cors_origins);
  Get(checked, "allowed_hosts", config.allowed_hosts);
  Get(checked, "tls", config.tls);
  Get(checked, "admin_tls", config.admin_tls);
  return config;
}

}  // namespace pgsluice::config
