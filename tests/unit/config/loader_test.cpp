#include "pgsluice/config/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "pgsluice/config/print.h"

namespace pgsluice::config {
namespace {

using testing::ElementsAre;

struct Loaded {
  Config config;
  std::vector<std::string> findings;  ///< "place: message (hint)".
};

Loaded LoadWith(const std::string& text, const std::map<std::string, std::string>& environment = {},
                const std::map<std::string, std::string>& flags = {}) {
  Findings findings;
  Loaded loaded;
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  loaded.config =
      LoadText(text.empty() ? "" : "pgsluice.json", text, {.flags = flags}, lookup, findings);
  for (const Finding& p : findings) {
    loaded.findings.push_back(p.place + ": " + p.message +
                              (p.hint.empty() ? "" : " (" + p.hint + ")"));
  }
  return loaded;
}

TEST(Load, WithoutAnythingTheDefaultsOfTheStructsHold) {
  const Loaded loaded = LoadWith("");
  EXPECT_THAT(loaded.findings, ElementsAre());
  const Config& config = loaded.config;
  const Config defaults;
  EXPECT_EQ(config.elasticsearch.urls, defaults.elasticsearch.urls);
  EXPECT_EQ(config.listen.host, defaults.listen.host);
  EXPECT_EQ(config.listen.port, defaults.listen.port);
  EXPECT_EQ(config.admin_listen.port, defaults.admin_listen.port);
  EXPECT_EQ(config.sync.workers, defaults.sync.workers);
  EXPECT_EQ(config.sync.bulk_bytes, defaults.sync.bulk_bytes);
  EXPECT_EQ(config.sync.adaptive_refresh, defaults.sync.adaptive_refresh);
  EXPECT_EQ(config.sync.refresh_interval, defaults.sync.refresh_interval);
  EXPECT_EQ(config.limits.concurrent, defaults.limits.concurrent);
  EXPECT_EQ(config.log_level, defaults.log_level);
  EXPECT_TRUE(config.all_tables);
  EXPECT_FALSE(config.tls || config.admin_tls || config.auth.jwt || config.elasticsearch.aws);
}

constexpr const char* kEverything = R"JSON({
  // a comment
  "database": {"url": "postgresql://app@db/shop"},
  "elasticsearch": {"urls": ["http://a:9200", "https://b"], "index_prefix": "shop-",
                    "aws": {"region": "eu-west-1", "service": "aoss"}},
  "sync": {"bulk_bytes": "512 KB", "refresh": "interval", "on_incompatible_change": "reindex"},
  "indexes": {
    "projects": {
      "table": "public.projects", "where": null, "columns": ["id", "name"],
      "rename": {"name": "title"},
      "fields": {"len": {"sql": "length(root.name)", "type": "integer"}},
      "embed": {
        "owner": {"table": "users", "on": {"owner_id": "id"}},
        "tags": {"table": "hashtags",
                 "through": [{"table": "project_hashtags", "on": {"id": "project_id"}}],
                 "value": "name", "order_by": "name", "limit": 100},
        "comments": {"table": "comments", "nested": false,
                     "embed": {"author": {"table": "users", "many": false}}},
        "count": {"table": "comments", "aggregate": "count"},
        "stars": {"table": "stars", "aggregate": {"sum": "n"}},
      },
      "mapping": {"title": {"type": "text"}}, "settings": {"number_of_shards": 1},
      "routing": "tenant_id", "pipeline": null,
      "search": {"fields": {"title": 3, "len": 0.5}, "hidden": ["x"], "default_sort": ["id"],
                 "per_page": 10},
    },
    "people": {"table": "users"},
  },
  "auth": {
    "keys": [{"name": "web", "policy": "member", "expires": "2027-01-01", "sha256":
              "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}],
    "policies": {"member": {"indexes": {"projects": {"filter": "t = ${claims.t}",
                                                     "hidden": ["cost"]}},
                            "export": false, "per_page": 50}},
  },
  "limits": {"requests_per_second": 2.5},
  "tls": {"cert_file": "c", "key_file": "k"}, "admin_tls": null,
})JSON";

TEST(Load, ReadsEverything) {
  const Loaded loaded = LoadWith(kEverything);
  EXPECT_THAT(loaded.findings, ElementsAre());
  const Config& c = loaded.config;
  EXPECT_THAT(c.elasticsearch.urls, ElementsAre("http://a:9200", "https://b"));
  EXPECT_EQ(c.elasticsearch.aws->service, "aoss");
  EXPECT_EQ(c.sync.bulk_bytes, 512U * 1024U);
  EXPECT_FALSE(c.sync.adaptive_refresh);
  EXPECT_TRUE(c.sync.reindex_on_incompatible_change);
  EXPECT_FALSE(c.all_tables);
  ASSERT_EQ(c.indexes.size(), 2U);
  const Index& index = c.indexes[0];
  EXPECT_EQ(index.place, "indexes.projects");
  EXPECT_EQ(index.where, "");
  EXPECT_EQ(index.fields[0].second.sql, "length(root.name)");
  ASSERT_EQ(index.embeds.size(), 5U);
  EXPECT_EQ(index.embeds[1].through[0].on[0].second, "project_id");
  EXPECT_EQ(index.embeds[1].limit, 100);
  EXPECT_EQ(index.embeds[2].nested, false);
  EXPECT_EQ(index.embeds[2].embeds[0].place, "indexes.projects.embed.comments.embed.author");
  EXPECT_EQ(index.embeds[3].aggregate, Aggregate::kCount);
  EXPECT_EQ(index.embeds[4].aggregate_column, "n");
  EXPECT_EQ(index.mapping[0].first, "title");
  EXPECT_TRUE(index.settings.IsObject());
  EXPECT_EQ(index.search.fields[1].second, 0.5);
  EXPECT_EQ(c.auth.policies.at("member").indexes.at("projects").filter, "t = ${claims.t}");
  EXPECT_FALSE(c.auth.policies.at("member").export_allowed);
  EXPECT_EQ(c.limits.requests_per_second, 2.5);
  EXPECT_EQ(c.tls->key_file, "k");
  EXPECT_FALSE(c.admin_tls);
}

TEST(Load, ReadsWhatChangesByTime) {
  const Loaded loaded = LoadWith(R"({"verify": {"rows_per_second": 50},
      "indexes": {"posts": {"refresh_at": "published_at"}, "sums": {"refresh_every": "10m"}}})");
  EXPECT_THAT(loaded.findings, ElementsAre());
  EXPECT_EQ(loaded.config.verify->rows_per_second, 50);
  EXPECT_TRUE(loaded.config.verify->repair);
  EXPECT_EQ(loaded.config.indexes[0].refresh_at, "published_at");
  EXPECT_EQ(loaded.config.indexes[0].refresh_every.count(), 0);
  EXPECT_EQ(loaded.config.indexes[1].refresh_every, std::chrono::minutes(10));
  EXPECT_FALSE(LoadWith("{}").config.verify);
  EXPECT_FALSE(LoadWith(R"({"verify": null})").config.verify);
  EXPECT_THAT(LoadWith(R"({"verify": {"rows_per_second": 0}})").findings, ::testing::SizeIs(1));
  EXPECT_THAT(LoadWith(R"({"indexes": {"a": {"refresh_every": "10 parsecs"}}})").findings,
              ::testing::SizeIs(1));
  EXPECT_THAT(LoadWith(R"({"indexes": {"a": {"refresh_every": "10ms"}}})").findings,
              ::testing::SizeIs(1));
}

TEST(Load, ReportsAllMistakesAtOnceWithPlaceAndHint) {
  const Loaded loaded = LoadWith(R"({
  "indexes": {
    "projects": {"tabel": "public.projects", "columns": ["id"], "exclude": ["x"]},
    "Users": {"table": 5},
    "sync": {},
    "a b": {},
    "_a": {}
  },
  "sync": {"workers": 0, "bulk_bytes": "5 parsecs", "refresh": "adaptiv"},
  "listen": "127.0.0.1:99999",
  "auth": {"anonymous": "membr", "policies": {"member": {"indexes": {"project": {}}}}},
  "elasticsearch": {"urls": ["ftp://x"], "username": "u"}
})");
  EXPECT_THAT(
      loaded.findings,
      ElementsAre(
          "pgsluice.json, line 12, column 30: elasticsearch.urls[0]: must be a URL as in "
          "http://search:9200",
          "pgsluice.json, line 10, column 3: listen: must be host:port with a port of at most "
          "65535, as in 127.0.0.1:8080 or [::1]:8080",
          "pgsluice.json, line 9, column 12: sync.workers: must be from 1 to 64, not 0",
          "pgsluice.json, line 9, column 26: sync.bulk_bytes: must be a size as in 512KB, 5MB, 1GB",
          "pgsluice.json, line 9, column 53: sync.refresh: must be one of adaptive, interval, not "
          "\"adaptiv\" (did you mean \"adaptive\"?)",
          "pgsluice.json, line 3, column 18: indexes.projects.tabel: unknown key \"tabel\" (did "
          "you mean \"table\"?)",
          "pgsluice.json, line 4, column 15: indexes.Users.table: must be a string, not a number",
          "pgsluice.json, line 12, column 3: elasticsearch: username and password belong together",
          "pgsluice.json, line 3, column 65: indexes.projects.exclude: columns and exclude exclude "
          "each other (keep one of them)",
          "pgsluice.json, line 4, column 5: indexes.Users: an index name must be in lower case",
          "pgsluice.json, line 5, column 5: indexes.sync: \"sync\" is a route of the API and "
          "cannot be an index",
          "pgsluice.json, line 6, column 5: indexes.a b: an index name must not contain \\ / * ? "
          "\" < > | , # : or a space",
          "pgsluice.json, line 7, column 5: indexes._a: an index name must not start with - _ +",
          "pgsluice.json, line 11, column 12: auth.anonymous: there is no policy \"membr\" (did "
          "you mean \"member\"?)",
          "pgsluice.json, line 11, column 70: auth.policies.member.indexes.project: there is no "
          "index \"project\" (did you mean \"projects\"?)"));
}

TEST(Load, SyntaxErrorNamesThePlace) {
  const Loaded loaded = LoadWith("{\n  \"listen\" \"x\"\n}");
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_THAT(loaded.findings[0], testing::HasSubstr("line 2"));
}

TEST(Load, FlagsWinOverEnvironmentOverFile) {
  const std::string file =
      R"({"listen": "127.0.0.1:1", "log_level": "warn", "sync": {"workers": 3}})";
  const std::map<std::string, std::string> environment = {
      {"PGSLUICE_LISTEN", "127.0.0.1:2"},
      {"PGSLUICE_LOG_LEVEL", "debug"},
      {"PGSLUICE_WORKERS", ""},
      {"PGSLUICE_ELASTICSEARCH_URL", "http://a:1, http://b:2"}};
  const Loaded loaded = LoadWith(file, environment, {{"listen", "127.0.0.1:3"}});
  EXPECT_THAT(loaded.findings, ElementsAre());
  EXPECT_EQ(loaded.config.listen.port, 3);
  EXPECT_EQ(loaded.config.log_level, "debug");
  EXPECT_EQ(loaded.config.sync.workers, 3);
  EXPECT_THAT(loaded.config.elasticsearch.urls, ElementsAre("http://a:1", "http://b:2"));
}

TEST(Load, MistakesInVariablesAndFlagsNameThem) {
  const Loaded loaded =
      LoadWith("", {{"PGSLUICE_WORKERS", "many"}, {"PGSLUICE_ELASTICSEARCH_URL", "search"}},
               {{"log-level", "inf"}});
  EXPECT_THAT(
      loaded.findings,
      ElementsAre("PGSLUICE_ELASTICSEARCH_URL: must be a URL as in http://search:9200",
                  "--log-level: must be one of trace, debug, info, warn, error, not \"inf\" (did "
                  "you mean \"info\"?)",
                  "PGSLUICE_WORKERS: must be a whole number, not a string"));
}

TEST(Load, SecretsComeFromFilesToo) {
  const std::string path = testing::TempDir() + "pgsluice_secret";
  std::ofstream(path) << "s3cret\n";
  const Loaded loaded = LoadWith("", {{"PGSLUICE_ELASTICSEARCH_USERNAME", "u"},
                                      {"PGSLUICE_ELASTICSEARCH_PASSWORD_FILE", path},
                                      {"PGSLUICE_DATABASE_URL_FILE", path + ".none"}});
  std::remove(path.c_str());
  EXPECT_EQ(loaded.config.elasticsearch.password, "s3cret");
  EXPECT_THAT(loaded.findings, ElementsAre("PGSLUICE_DATABASE_URL_FILE: cannot read \"" + path +
                                           ".none\": No such file or directory"));
}

TEST(Load, VariablesInStringsAreReplaced) {
  const Loaded loaded = LoadWith(
      R"({"database": {"url": "postgresql://${USER_}@${HOST}/x"}, "auth": {"policies": {"p": {"indexes": {"*": {"filter": "a = ${claims.a}"}}}}}})",
      {{"HOST", "db"}});
  EXPECT_EQ(loaded.config.database.url, "postgresql://@db/x");
  EXPECT_EQ(loaded.config.auth.policies.at("p").indexes.at("*").filter, "a = ${claims.a}");
  EXPECT_THAT(loaded.findings,
              ElementsAre("pgsluice.json, line 1, column 15: database.url: environment variable "
                          "USER_ is not set"));
}

TEST(Load, ListeningForEverybodyNeedsAuthentication) {
  EXPECT_THAT(LoadWith("", {{"PGSLUICE_LISTEN", "0.0.0.0:8080"}}).findings,
              ElementsAre(testing::StartsWith("PGSLUICE_LISTEN: listening beyond this machine")));
  EXPECT_THAT(LoadWith("", {{"PGSLUICE_LISTEN", "[::1]:8080"}}).findings, ElementsAre());
  EXPECT_THAT(LoadWith(R"({"listen": ":80", "auth": {"anonymous": "all",
                          "policies": {"all": {"indexes": {"*": {}}}}}})")
                  .findings,
              ElementsAre());
}

TEST(Load, AMissingFileThatWasAskedForIsAMistake) {
  Findings findings;
  Load(
      {.flags = {{"config", "/nonexistent.json"}}}, [](const auto&) { return std::nullopt; },
      findings);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].place, "--config");
  EXPECT_EQ(findings[0].message, "cannot read \"/nonexistent.json\": No such file or directory");
}

TEST(Print, MasksSecretsAndShowsDefaults) {
  const Loaded loaded = LoadWith(R"({"database": {"url": "postgresql://a:pw@db/x"},
                   "elasticsearch": {"urls": ["http://u:pw@h:9200"], "api_key": "k"},
                   "indexes": {"a": {"table": "b"}}})");
  EXPECT_EQ(PrintJson(loaded.config), R"({
  "database": {
    "url": "postgresql://a:***@db/x"
  },
  "elasticsearch": {
    "urls": ["http://u:***@h:9200"],
    "index_prefix": "",
    "api_key": "***"
  },
  "listen": "127.0.0.1:8080",
  "admin_listen": "127.0.0.1:8081",
  "log_level": "info",
  "log_format": "text",
  "sync": {
    "workers": 2,
    "bulk_bytes": 5242880,
    "refresh": "adaptive",
    "refresh_interval": "1s",
    "on_incompatible_change": "report"
  },
  "indexes": {
    "a": {
      "table": "b",
      "search": {
        "per_page": 20,
        "language": "standard",
        "fallback": "none",
        "incomplete": "mark"
      }
    }
  },
  "auth": {
    "keys": [],
    "policies": {}
  },
  "limits": {
    "trusted_proxies": [],
    "concurrent": 64,
    "connections_per_address": 0
  },
  "admin_auth": false,
  "admin_row_values": false,
  "mcp": false,
  "cors_origins": [],
  "allowed_hosts": []
}
)");
}

}  // namespace
}  // namespace pgsluice::config
