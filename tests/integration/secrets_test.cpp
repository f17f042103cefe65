// The values of all secret settings appear nowhere: not in logs at the most detailed level,
// responses, metrics, status or command output, even if everything goes wrong.

#include <gmock/gmock.h>
#include <spdlog/fmt/fmt.h>

#include <csignal>
#include <fstream>
#include <map>
#include <ostream>

#include "http/address.h"
#include "pgsluice/http/transport.h"
#include "support/paths.h"
#include "support/service_fixture.h"

namespace pgsluice {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

/// How pgsluice authenticates to the engine, and how it writes its log.
struct Case {
  std::string name;
  std::string engine;  ///< Members of "elasticsearch"; $X is the secret named X.
  std::string user_info;
  std::string format;
  std::map<std::string, std::string> environment;
};

void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }

const std::map<std::string, std::string> kSecrets = {
    {"DATABASE", "planted-database-password"},   {"SSL", "planted-sslpassword"},
    {"PASSWORD", "planted-engine-password"},     {"APIKEY", "planted-engine-api-key"},
    {"BEARER", "planted-engine-bearer"},         {"USERINFO", "planted-url-password"},
    {"JWT", "planted-jwt-secret-0123456789abc"}, {"CALLER", "planted-caller-key"},
    {"TOKEN", "planted-token-signature"},        {"AWSID", "AKIAPLANTEDACCESSKEY"},
    {"AWSKEY", "planted-aws-secret-key"},        {"AWSTOKEN", "planted-aws-session-token"}};

std::string Fill(std::string text) {
  for (const auto& [name, secret] : kSecrets) {
    const std::string variable = "$" + name + "$";
    for (auto at = text.find(variable); at != std::string::npos; at = text.find(variable)) {
      text.replace(at, variable.size(), secret);
    }
  }
  return text;
}

class Secrets : public testing::FaultTest, public ::testing::WithParamInterface<Case> {
 protected:
  Secrets() : database_(Server().host, Server().port, testing::FaultProxy::Protocol::kTcp) {}

  http::Address Server() const {
    return http::ParseAddress("http" + db_.url().substr(db_.url().find("://")));
  }
  /// Returns a superuser URL with a password, although the server trusts everyone on loopback.
  std::string DatabaseUrl() const {
    const std::string name = db_.url().substr(db_.url().rfind('/'));
    return Fill(fmt::format("postgresql://postgres:$DATABASE$@127.0.0.1:{}{}?sslpassword=$SSL$",
                            database_.port(), name.substr(0, name.find('?'))));
  }
  std::string EngineUrl() const {
    const std::string& user = GetParam().user_info;
    return Fill(fmt::format("http://{}127.0.0.1:{}", user, proxy_.port()));
  }
  void WriteConfig() {
    std::ofstream(config_file_) << Fill(R"({"elasticsearch": {"index_prefix": ")" + prefix_ + "\"" +
                                        GetParam().engine + R"(},
            "auth": {"keys": [{"name": "k", "policy": "all", "sha256": ")" +
                                        std::string(64, 'a') + R"("}],
                     "jwt": {"algorithms": ["HS256"], "secret": "$JWT$", "policy": "all"},
                     "policies": {"all": {"indexes": {"*": {}}}}}})");
  }
  std::map<std::string, std::string> Environment() const {
    std::map<std::string, std::string> all = {
        {"PGSLUICE_DATABASE_URL", DatabaseUrl()},  {"PGSLUICE_ELASTICSEARCH_URL", EngineUrl()},
        {"PGSLUICE_CONFIG", config_file_},         {"PGSLUICE_LISTEN", api_},
        {"PGSLUICE_ADMIN_LISTEN", admin_},         {"PGSLUICE_LOG_LEVEL", "trace"},
        {"PGSLUICE_LOG_FORMAT", GetParam().format}};
    for (const auto& [name, value] : GetParam().environment) all[name] = Fill(value);
    return all;
  }
  void Command(std::vector<std::string> arguments,
               std::map<std::string, std::string> changes = {}) {
    changes.merge(Environment());
    const testing::Outcome outcome =
        testing::RunPgsluice(arguments, {.environment = std::move(changes)});
    seen_ += outcome.out + outcome.err;
  }
  http::Response Get(const std::string& address, const std::string& path,
                     http::Headers headers = {}) {
    http::ClientOptions options;
    options.urls = {"http://" + address};
    try {
      http::Response response =
          http::MakeClient(options)->Send({.path = path, .headers = std::move(headers)});
      for (const auto& [name, value] : response.headers) seen_ += name + ": " + value + "\n";
      seen_ += response.body;
      return response;
    } catch (const Error& error) {
      return {.status = 0, .headers = {}, .body = error.what()};
    }
  }
  /// Reads everything that the service reports, also to callers with wrong credentials.
  void Ask() {
    for (const char* path : {"/status", "/metrics", "/readyz", "/healthz", "/", "/nothing"}) {
      Get(admin_, path);
    }
    const std::string path = "/v1/item/search?filter=";
    Get(api_, path);
    Get(api_, path, {{"X-Api-Key", Fill("$CALLER$")}});
    Get(api_, path, {{"Authorization", Fill("Bearer $CALLER$")}});
    // An HS256 token with an invalid signature, and a text that is not a token.
    const std::string head = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.";
    Get(api_, path, {{"Authorization", Fill("Bearer " + head + "$TOKEN$")}});
    Get(api_, path, {{"Authorization", Fill("Bearer x.$TOKEN$")}});
    Get(api_, path, {{"Authorization", Fill("Basic $TOKEN$")}});
    Command({"status"});
    Command({"status", "--json"});
    Command({"health"});
  }
  void WaitForReady(const std::string& part) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(60);
    while (Get(admin_, "/readyz").body.find(part) == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << part << seen_;
    }
  }

  testing::FaultProxy database_;
  const std::string admin_ = "127.0.0.1:" + std::to_string(testing::FreePort());
  const std::string api_ = "127.0.0.1:" + std::to_string(testing::FreePort());
  std::string seen_;
};

TEST_P(Secrets, AreFoundNowhere) {
  Exec("CREATE TABLE item (id int PRIMARY KEY, name text)");
  Exec("INSERT INTO item VALUES (1, 'one')");
  WriteConfig();
  Command({"migrate"});
  Command({"config", "print"});
  Command({"config", "check"});
  Command({"attach", "--print"});
  auto process =
      std::make_unique<testing::Process>(std::vector<std::string>{testing::Binary(), "run"},
                                         testing::Process::Options{.environment = Environment()});
  ASSERT_TRUE(process->WaitForLine("running", seconds(60))) << process->err();
  Ask();
  proxy_.Refuse();
  Exec("UPDATE item SET name = 'two'");
  WaitForReady("engine");
  Ask();
  Command({"verify"});
  proxy_.Pass();
  for (const int status : {401, 403, 500}) {
    proxy_.AnswerStatus("/_bulk", 1, status,
                        R"({"error":{"type":"security_exception","reason":"not you"}})");
    Exec("UPDATE item SET name = name || 'x'");
    WaitForReady("not you");
    Ask();
  }
  database_.Refuse();
  WaitForReady("database");
  Ask();
  Command({"migrate", "status"});
  database_.Pass();
  process->Signal(SIGHUP);
  EXPECT_TRUE(process->WaitForLine("SIGHUP", seconds(30)));
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 0);
  // Unusable settings are named but not quoted.
  Command({"run"}, {{"PGSLUICE_DATABASE_URL", Fill("postgresql://u:$DATABASE$@[bad/x")}});
  Command({"run"}, {{"PGSLUICE_DATABASE_URL", Fill("password=$DATABASE$ nonsense=1")}});
  Command({"run"}, {{"PGSLUICE_ELASTICSEARCH_URL", Fill("ftp://u:$USERINFO$@127.0.0.1")}});
  seen_ += process->out() + process->err();
  EXPECT_THAT(seen_, HasSubstr(GetParam().format == "json" ? R"("level":"info")" : "running"));
  for (const auto& [name, secret] : kSecrets) {
    const auto at = seen_.find(secret);
    EXPECT_EQ(at, std::string::npos) << name << ": " << seen_.substr(at > 300 ? at - 300 : 0, 600);
  }
  // And in the form of "Basic" authentication.
  for (const char* encoded : {"ZWxhc3RpYzpwbGFudGVk", "cGxhbnRlZC1"}) {
    EXPECT_EQ(seen_.find(encoded), std::string::npos) << encoded;
  }
}

INSTANTIATE_TEST_SUITE_P(
    EveryWay, Secrets,
    ::testing::Values(
        Case{"password", R"(, "username": "elastic", "password": "$PASSWORD$")", "", "json", {}},
        Case{"api_key", R"(, "api_key": "$APIKEY$")", "", "text", {}},
        Case{"bearer", R"(, "bearer": "$BEARER$")", "", "json", {}},
        Case{"aws",
             R"(, "aws": {"region": "eu-west-1"})",
             "",
             "json",
             {{"AWS_ACCESS_KEY_ID", "$AWSID$"},
              {"AWS_SECRET_ACCESS_KEY", "$AWSKEY$"},
              {"AWS_SESSION_TOKEN", "$AWSTOKEN$"}}},
        Case{"url", "", "elastic:$USERINFO$@", "text", {}},
        Case{"environment",
             "",
             "",
             "json",
             {{"PGSLUICE_ELASTICSEARCH_API_KEY", "$APIKEY$"},
              {"PGSLUICE_JWT_SECRET", "$JWT$"},
              {"PGPASSWORD", "$DATABASE$"}}}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace pgsluice
