#include "config/options.h"

#include "pgsluice/config/values.h"

namespace pgsluice::config {

namespace {

const std::vector<Option>& DatabaseOptions() {
  static const std::vector<Option> options = {
      {.name = "url",
       .description = "libpq URL or key=value string. Left out: the PG* variables.",
       .default_json = R"("")",
       .environment = "PGSLUICE_DATABASE_URL",
       .flag = "database-url",
       .url = true,
       .check = CheckDatabaseUrl},
      {.name = "all",
       .type = Type::kBool,
       .description = "true: every database of the server that the role may connect to, except "
                      "templates. Left out: the one that the URL names."},
  };
  return options;
}

const std::vector<Option>& NamedDatabaseOptions() {
  static const std::vector<Option> options = {
      {.name = "url",
       .description = "libpq URL or key=value string.",
       .url = true,
       .required = true,
       .check = CheckDatabaseUrl},
  };
  return options;
}

const std::vector<Option>& AwsOptions() {
  static const std::vector<Option> options = {
      {.name = "region", .description = "As in eu-west-1.", .required = true},
      {.name = "service",
       .description = "es for managed domains, aoss for serverless.",
       .default_json = R"("es")",
       .allowed = {"es", "aoss"}},
  };
  return options;
}

const std::vector<Option>& ElasticsearchOptions() {
  static const std::vector<Option> options = {
      {.name = "urls",
       .type = Type::kStrings,
       .description = "Nodes of Elasticsearch 8, 9 or OpenSearch 2, 3; recognised by itself. "
                      "In the environment: separated by commas.",
       .default_json = R"(["http://127.0.0.1:9200"])",
       .environment = "PGSLUICE_ELASTICSEARCH_URL",
       .flag = "elasticsearch-url",
       .url = true,
       .check = CheckHttpUrl},
      {.name = "index_prefix",
       .description = "Prefix of every index name in the engine.",
       .default_json = R"("")"},
      {.name = "username", .environment = "PGSLUICE_ELASTICSEARCH_USERNAME"},
      {.name = "password", .environment = "PGSLUICE_ELASTICSEARCH_PASSWORD", .secret = true},
      {.name = "api_key",
       .description = "The engine's `encoded` value.",
       .environment = "PGSLUICE_ELASTICSEARCH_API_KEY",
       .secret = true},
      {.name = "bearer", .description = "A bearer token.", .secret = true},
      {.name = "ca_file",
       .description = "PEM file with the certificates to trust.",
       .environment = "PGSLUICE_ELASTICSEARCH_CA_FILE"},
      {.name = "client_cert_file"},
      {.name = "client_key_file"},
      {.name = "aws",
       .type = Type::kObject,
       .description = "Signs requests for Amazon OpenSearch Service.",
       .nullable = true,
       .members = AwsOptions},
  };
  return options;
}

const std::vector<Option>& SyncOptions() {
  static const std::vector<Option> options = {
      {.name = "workers",
       .type = Type::kInteger,
       .description = "Pollers in this process.",
       .default_json = "2",
       .environment = "PGSLUICE_WORKERS",
       .flag = "workers",
       .min = 1,
       .max = 64},
      {.name = "bulk_bytes",
       .type = Type::kBytes,
       .description = "Size of one _bulk body.",
       .default_json = R"("5MB")",
       .min = 64 * 1024,
       .max = 100 * 1024 * 1024},
      {.name = "refresh",
       .description = "adaptive: refresh when the queue is empty, at least once a second during "
                      "a stream of changes; interval: only refresh_interval counts.",
       .default_json = R"("adaptive")",
       .allowed = {"adaptive", "interval"}},
      {.name = "refresh_interval",
       .description = "index.refresh_interval of the engine's indexes.",
       .default_json = R"("1s")",
       .check = CheckRefreshInterval,
       .pattern = "^(-1|[0-9]+(ms|s|m|h))$"},
      {.name = "on_incompatible_change",
       .description = "What to do when a column, the mapping, the settings or the routing "
                      "changed so that the index must be rebuilt: report it, or reindex "
                      "automatically.",
       .default_json = R"("report")",
       .allowed = {"report", "reindex"}},
  };
  return options;
}

const std::vector<Option>& LimitOptions() {
  static const std::vector<Option> options = {
      {.name = "requests_per_second",
       .type = Type::kNumber,
       .description = "Limit per key or token, or per address without credentials; 0: no limit. "
                      "Left out: 500, and no limit for callers on this machine.",
       .nullable = true,
       .min = 0,
       .max = 1e6},
      {.name = "address_requests_per_second",
       .type = Type::kNumber,
       .description = "Limit per address (IPv6: per /64), before credentials are checked; 0: no "
                      "limit. Left out: 500, and no limit for this machine.",
       .nullable = true,
       .min = 0,
       .max = 1e6},
      {.name = "trusted_proxies",
       .type = Type::kStrings,
       .description = "Addresses and networks (10.0.0.0/8) of proxies whose X-Forwarded-For names "
                      "the caller.",
       .default_json = "[]",
       .check = CheckNetwork},
      {.name = "concurrent",
       .type = Type::kInteger,
       .description = "Requests handled at the same time.",
       .default_json = "64",
       .min = 1,
       .max = 10000},
      {.name = "connections_per_address",
       .type = Type::kInteger,
       .description = "Connections that one address may have open to a port; a proxy counts as "
                      "one address. 0: three quarters of what the limit of open files allows. "
                      "Applies from the next start.",
       .default_json = "0",
       .min = 0,
       .max = 1000000},
  };
  return options;
}

const std::vector<Option>& TlsOptions() {
  static const std::vector<Option> options = {
      {.name = "cert_file", .description = "PEM, the whole chain.", .required = true},
      {.name = "key_file", .description = "PEM.", .required = true},
      {.name = "client_ca_file",
       .description = "PEM. Callers need a certificate that one of these authorities signed. Left "
                      "out: none."},
  };
  return options;
}

const std::vector<Option>& VerifyOptions() {
  static const std::vector<Option> options = {
      {.name = "rows_per_second",
       .type = Type::kInteger,
       .description = "How many rows and documents are compared, all processes and indexes "
                      "together. A pass over an index of N documents takes 2 N / rows_per_second "
                      "seconds.",
       .default_json = "200",
       .min = 1,
       .max = 1000000},
      {.name = "repair",
       .type = Type::kBool,
       .description = "Whether documents that differ are written again.",
       .default_json = "true"},
  };
  return options;
}

void Collect(const std::vector<Option>& options, std::vector<std::string>& path,
             std::vector<Setting>& out) {
  for (const Option& option : options) {
    path.push_back(option.name);
    if (!option.environment.empty() || !option.flag.empty()) out.push_back({path, &option});
    if (option.type == Type::kObject) Collect(option.members(), path, out);
    path.pop_back();
  }
}

}  // namespace

const std::vector<Option>& RootOptions() {
  static const std::vector<Option> options = {
      {.name = "$schema", .description = "For editors; see `pgsluice config schema`."},
      {.name = "database", .type = Type::kObject, .default_json = "{}", .members = DatabaseOptions},
      {.name = "databases",
       .type = Type::kMap,
       .description = "Name -> database, instead of `database`, to follow several in one process. "
                      "Names are letters, digits, `_` and `-`.",
       .members = NamedDatabaseOptions},
      {.name = "elasticsearch",
       .type = Type::kObject,
       .default_json = "{}",
       .members = ElasticsearchOptions},
      {.name = "listen",
       .description = "Address of the REST API.",
       .default_json = R"("127.0.0.1:8080")",
       .environment = "PGSLUICE_LISTEN",
       .flag = "listen",
       .check = CheckAddress,
       .pattern = "^.*:[0-9]+$"},
      {.name = "admin_listen",
       .description = "Address of health, metrics and status.",
       .default_json = R"("127.0.0.1:8081")",
       .environment = "PGSLUICE_ADMIN_LISTEN",
       .flag = "admin-listen",
       .check = CheckAddress,
       .pattern = "^.*:[0-9]+$"},
      {.name = "log_level",
       .default_json = R"("info")",
       .environment = "PGSLUICE_LOG_LEVEL",
       .flag = "log-level",
       .allowed = {"trace", "debug", "info", "warn", "error"}},
      {.name = "log_format",
       .default_json = R"("text")",
       .environment = "PGSLUICE_LOG_FORMAT",
       .flag = "log-format",
       .allowed = {"text", "json"}},
      {.name = "sync", .type = Type::kObject, .default_json = "{}", .members = SyncOptions},
      {.name = "indexes",
       .type = Type::kMap,
       .description = "Index name -> its definition. Left out: every table of schema public.",
       .members = IndexOptions},
      {.name = "verify",
       .type = Type::kObject,
       .description = "Compares every document of every index with PostgreSQL in the background, "
                      "again and again. Left out: only `pgsluice verify` compares.",
       .nullable = true,
       .members = VerifyOptions},
      {.name = "auth", .type = Type::kObject, .default_json = "{}", .members = AuthOptions},
      {.name = "limits", .type = Type::kObject, .default_json = "{}", .members = LimitOptions},
      {.name = "admin_auth",
       .type = Type::kBool,
       .description = "Whether the admin port requires a key with an admin policy for "
                      "everything except /healthz, /readyz and the files of its page.",
       .default_json = "false"},
      {.name = "admin_row_values",
       .type = Type::kBool,
       .description = "Whether /dead-letters on the admin port shows ids, keys and the engine's "
                      "reasons, which contain values of rows, to callers without an admin key.",
       .default_json = "false"},
      {.name = "access_log",
       .description = "Where each request is logged, as JSON lines: a file or stderr. Left out: "
                      "nowhere.",
       .nullable = true},
      {.name = "audit_log",
       .description = "Where the audit log goes, as JSON lines (who queried which index, failed "
                      "logins, retries, reloads): a file or stderr. Left out: nowhere.",
       .nullable = true},
      {.name = "mcp",
       .type = Type::kBool,
       .description = "POST /mcp on the API: the Model Context Protocol, with which assistants "
                      "search under the same keys and policies.",
       .default_json = "false"},
      {.name = "cors_origins",
       .type = Type::kStrings,
       .description = "Origins whose pages may call the API.",
       .default_json = "[]"},
      {.name = "allowed_hosts",
       .type = Type::kStrings,
       .description = "Host names for which the API and the admin port answer, in addition to "
                      "localhost and the address of the connection. Empty: any name, but on "
                      "loopback none. \"*\": any name.",
       .default_json = "[]"},
      {.name = "tls",
       .type = Type::kObject,
       .description = "HTTPS for the API. The files are reloaded when they change.",
       .nullable = true,
       .members = TlsOptions},
      {.name = "admin_tls",
       .type = Type::kObject,
       .description = "HTTPS for the admin port.",
       .nullable = true,
       .members = TlsOptions},
  };
  return options;
}

std::vector<Setting> Settings() {
  std::vector<Setting> settings;
  std::vector<std::string> path;
  Collect(RootOptions(), path, settings);
  return settings;
}

}  // namespace pgsluice::config
