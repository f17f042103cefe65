#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/json/value.h"

/// The configuration as the program uses it: plain structs with their defaults.
/// docs/configuration.md lists the names and their meanings.
namespace pgsluice::config {

struct Database {
  std::string url;     ///< libpq URL or key=value; empty: the PG* variables.
  std::string name{};  ///< As in `databases` or on the server; empty: there is only one.
  bool all = false;    ///< Stands for every database of the server.
};

struct Aws {
  std::string region;
  std::string service;  ///< "es" or "aoss".
};

struct Elasticsearch {
  std::vector<std::string> urls = {"http://127.0.0.1:9200"};
  std::string index_prefix;
  std::string username, password, api_key, bearer;
  std::string ca_file, client_cert_file, client_key_file;
  std::optional<Aws> aws;
};

struct Sync {
  int workers = 2;                              ///< 1 to 64.
  std::size_t bulk_bytes = 5U * 1024U * 1024U;  ///< Of one _bulk body.
  bool adaptive_refresh = true;                 ///< false: only refresh_interval counts.
  std::string refresh_interval = "1s";          ///< In the engine's notation.
  bool reindex_on_incompatible_change = false;  ///< false: report only.
};

/// Parent column -> child column.
using On = std::vector<std::pair<std::string, std::string>>;

struct Through {
  std::string table;
  On on;  ///< Empty: found from foreign keys.
};

struct Field {
  std::string sql;   ///< Over the root's columns, alias `root`.
  std::string type;  ///< The engine's field type.
};

enum class Aggregate { kNone, kCount, kSum, kMin, kMax, kAvg };

struct Embed {
  std::string name;  ///< The field's name in the document.
  std::string table;
  On on;
  std::vector<Through> through;
  std::vector<std::string> columns, exclude;
  bool no_columns = false;  ///< "columns": [] together with "fields": only computed fields.
  std::vector<std::pair<std::string, std::string>> rename;
  std::vector<std::pair<std::string, Field>> fields;
  std::string where, order_by;
  std::optional<std::int64_t> limit;
  std::string value;  ///< A scalar of this column, or an array of them, instead of objects.
  Aggregate aggregate = Aggregate::kNone;
  std::string aggregate_column;  ///< Not for kCount.
  std::optional<bool> many, nested;
  std::vector<std::string> key;  ///< For views.
  /// For views: each table with the columns that lead to the key.
  std::vector<std::pair<std::string, On>> sources;
  std::vector<Embed> embeds;
  std::string place;  ///< "indexes.projects.embed.owner", for messages.
};

/// What raises a document: exactly one of `field`, `recency` and `filter` is set.
struct Boost {
  std::string field;
  std::string modifier = "none";
  std::string recency, half_life;
  std::string filter;
  double weight = 1;
};

/// What to change in searches for `q`.
struct Rule {
  std::string q;
  std::string match = "exact";         ///< "exact", "contains" or "starts_with".
  std::vector<std::string> pin, hide;  ///< Ids.
  std::vector<Boost> boost;            ///< Filters only.
  std::string filter;
};

struct Search {
  std::vector<std::pair<std::string, double>> fields;  ///< Path and weight; empty: all text.
  std::string language = "standard";
  std::vector<std::pair<std::string, std::string>> languages;  ///< Path -> language.
  std::optional<std::vector<std::string>> stop_words;          ///< Not set: those of the language.
  std::vector<std::string> synonyms;                           ///< Lines: "tv, television".
  std::vector<std::string> identifiers;                        ///< Paths of codes and addresses.
  std::string fallback = "none";                               ///< "none", "most" or "any".
  std::vector<Boost> ranking;
  std::vector<Rule> rules;
  std::vector<std::string> hidden;
  std::vector<std::string> default_sort;
  int per_page = 20;
  std::vector<std::string> facets;
  /// Refuse searches until the first copy is complete; false: mark the answers.
  bool refuse_incomplete = false;
};

struct Index {
  std::string name;
  std::string database = {};     ///< The name of its database; empty if databases have no names.
  std::string table;             ///< As written in SQL: `public."Odd Name"`, or `projects`.
  std::vector<std::string> key;  ///< Only where the catalog has no usable key.
  std::string where;
  std::string refresh_at;                     ///< When a document changes by itself: SQL, or empty.
  std::vector<std::string> columns, exclude;  ///< At most one of them is set.
  bool no_columns = false;                    ///< As in Embed.
  std::vector<std::pair<std::string, std::string>> rename;
  std::vector<std::pair<std::string, Field>> fields;
  std::vector<Embed> embeds;
  std::vector<std::pair<std::string, On>> sources;           ///< For views.
  std::vector<std::pair<std::string, json::Value>> mapping;  ///< Path -> field definition.
  json::Value settings;                                      ///< An object, or null.
  std::string routing, pipeline;
  std::chrono::milliseconds refresh_every{0};  ///< How often to read a view; 0: never.
  Search search;
  /// The field that holds the schema's name, for an index over many schemas.
  std::string schema_field = "schema";
  bool per_schema = false;      ///< An index for each schema instead of one for all.
  std::string of_schema = {};   ///< Of the definition for one schema: its name; else empty.
  std::string definition = {};  ///< Of an index for one schema: the name in the configuration.
  std::string place;            ///< "indexes.projects", for messages.
};

struct Key {
  std::string name, sha256, policy;
  std::string expires;  ///< ISO date or time; empty: never.
  std::optional<double> requests_per_second = {};
};

struct Jwt {
  std::vector<std::string> algorithms;
  std::string secret, jwks_file, issuer, audience, policy;
  std::string jwks_url = {};
  bool require_exp = true;
};

struct PolicyIndex {
  std::string filter;  ///< With ${claims.NAME}.
  std::vector<std::string> hidden;
};

struct Policy {
  std::map<std::string, PolicyIndex> indexes;  ///< "*" stands for every index.
  bool export_allowed = true;
  std::optional<int> per_page;
  std::optional<double> requests_per_second = {};  ///< Per caller; a key's own comes first.
  bool strong = true, facets = true, highlight = true;
  bool explain = false;  ///< May ask for explanations of scores.
  bool admin = false;    ///< May change things on the admin port.
};

struct Auth {
  std::string anonymous;  ///< A policy's name, or empty.
  std::vector<Key> keys;
  std::optional<Jwt> jwt;
  std::map<std::string, Policy> policies;
};

struct Limits {
  /// Per caller, and per address before its credentials are known; 0: no limit. Not set:
  /// kDefaultRate, and no limit for callers on this machine.
  std::optional<double> requests_per_second{}, address_requests_per_second{};
  int concurrent = 64;
  int connections_per_address = 0;             ///< 0: three quarters of the possible ones.
  std::vector<std::string> trusted_proxies{};  ///< Addresses and networks.

  static constexpr double kDefaultRate = 500;
};

struct Tls {
  std::string cert_file, key_file;
  std::string client_ca_file = {};  ///< Callers need a certificate from these authorities.
};

struct Address {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

/// The comparison that runs in the background.
struct Verify {
  int rows_per_second = 200;
  bool repair = true;
};

struct Config {
  Database database;                ///< The only one, if `databases` is empty.
  std::vector<Database> databases;  ///< In the order of the file; each has a name.
  Elasticsearch elasticsearch;
  Address listen{"127.0.0.1", 8080};
  Address admin_listen{"127.0.0.1", 8081};
  Sync sync;
  bool all_tables = true;      ///< No "indexes" in the file: every table of schema public.
  std::vector<Index> indexes;  ///< In the order of the file.
  Auth auth;
  Limits limits;
  std::optional<Verify> verify;  ///< Not set: no background comparison.
  std::optional<Tls> tls, admin_tls;
  bool admin_auth = false;        ///< The admin port requires a key for everything except health.
  bool admin_row_values = false;  ///< /dead-letters shows keys and reasons without a key.
  std::string access_log, audit_log;  ///< "stderr", a file, or empty.
  std::vector<std::string> cors_origins;
  /// Names in Host, in addition to this machine's own; "*": any.
  std::vector<std::string> allowed_hosts;
  std::string log_level = "info";         ///< trace, debug, info, warn, error.
  std::string log_format = "text";        ///< text or json.
  std::string file;                       ///< The file that was read; empty: none.
  std::vector<std::string> secret_files;  ///< Files that secrets were read from.
  json::Value effective;  ///< All values as JSON, with defaults: for `config print`.
};

}  // namespace pgsluice::config
