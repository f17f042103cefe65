// One row per error code and place: status, code, parameter, offset, text and suggestion.

#include <Poco/Net/ServerSocket.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <list>
#include <regex>
#include <set>
#include <sstream>

#include "pgsluice/base/digest.h"
#include "support/api_fixture.h"
#include "support/error_rows.h"
#include "support/paths.h"
#include "support/process.h"
#include "unit/api/raw_client.h"

namespace pgsluice::api {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

/// Passes on everything but searches.
class Searches : public http::Transport {
 public:
  using Answer = std::function<http::Response(http::Request)>;
  Searches(std::shared_ptr<http::Transport> others, Answer answer)
      : others_(std::move(others)), answer_(std::move(answer)) {}
  http::Response Send(const http::Request& request) override {
    const bool search = request.path.find("/_search") != std::string::npos;
    return search ? answer_(request) : others_->Send(request);
  }

 private:
  std::shared_ptr<http::Transport> others_;
  Answer answer_;
};

class NeverThere : public SyncState {
 public:
  std::string Position(const std::string&) override { return "7"; }
  std::int64_t lag_ms(const std::string&) override { return 5; }
  std::int64_t pending(const std::string&) override { return 1; }
  bool WaitUntilApplied(const std::string& token, const std::string&,
                        std::chrono::steady_clock::time_point) override {
    if (token == "x") throw Error(Disposition::kReject, "no position");
    return false;
  }
};

const std::string kByLevel = "/v1/projects/search?sort=level&per_page=1";

class ApiErrors : public ApiFixture {
 protected:
  void Set(Given given) {
    config_ = {};
    sync_ = nullptr;
    *set_ = plain_;
    engine_ = std::make_shared<engine::Engine>(sandbox_.transport());
    if (given == Given::kKeys) Keys();
    if (given == Given::kStuckSync) sync_ = &never_;
    if (given == Given::kLimited) config_.limits.requests_per_second = 0.001;
    if (given == Given::kCrowded) config_.limits.concurrent = 0;
    if (given == Given::kNoIndex) set_->at("projects").alias = sandbox_.Name("nothing");
    if (given == Given::kOtherTypes) OtherTypes();
    if (given >= Given::kEngineRefuses) Break(given);
    Restart();
    if (given == Given::kLimited) {
      EXPECT_EQ(Send("/v1/projects/search").status, 200);
    }
  }

  void Keys() {
    config_.auth.keys = {{"some", base::Sha256("some-key"), "some", ""},
                         {"old", base::Sha256("old-key"), "some", "2020-01-01"},
                         {"none", base::Sha256("none-key"), "none", ""}};
    config_.auth.jwt = config::Jwt{{"HS256"}, "secret", "", "", "", "member", "", false};
    config_.auth.policies["some"].indexes["projects"].hidden = {"secret"};
    config_.auth.policies["some"].export_allowed = false;
    config_.auth.policies["some"].strong = false;
    config_.auth.policies["none"].indexes["nothing"] = {};
    config_.auth.policies["member"].indexes["projects"].filter = "level = ${claims.level}";
  }

  void OtherTypes() {
    Restart();
    const http::Response page = Send(kByLevel);
    cursor_ = json::Parse(page.body).Find({"page", "next_cursor"})->text;
    EXPECT_EQ(Send(kByLevel + "&cursor=" + cursor_).status, 200);
    auto plan = std::make_shared<plan::Plan>(*set_->at("projects").plan);
    for (plan::Field& field : plan->fields) {
      if (field.name == "level") field.engine_type = "integer";
    }
    set_->at("projects").plan = plan;
  }

  void Break(Given given) {
    static const std::map<Given, int> statuses = {
        {Given::kEngineRefuses, 400}, {Given::kEngineFails, 500},   {Given::kEngineBusy, 429},
        {Given::kEngineDown, 503},    {Given::kEngineForbids, 403}, {Given::kEngineLate, 504}};
    Searches::Answer answer = [](http::Request) -> http::Response {
      throw std::logic_error("enginewords");
    };
    if (statuses.contains(given)) {
      const std::string body = R"({"error":{"type":"enginewords","index":")" + sandbox_.prefix() +
                               R"(","reason":"enginewords"}})";
      answer = [status = statuses.at(given), body](http::Request) {
        return http::Response{status, {}, body};
      };
    } else if (given != Given::kDefect) {
      const std::uint16_t port =
          given == Given::kEngineSilent ? silent_.address().port() : pgsluice::testing::FreePort();
      http::ClientOptions options;
      options.urls = {"http://127.0.0.1:" + std::to_string(port)};
      answer = [client = std::shared_ptr(http::MakeClient(options))](http::Request request) {
        request.timeout = milliseconds(50);
        return client->Send(request);
      };
    }
    engine_ =
        std::make_shared<engine::Engine>(std::make_shared<Searches>(sandbox_.transport(), answer));
  }

  void Check(const ErrorRow& row) {
    std::string path = row.path;
    if (const std::size_t at = path.find('@'); at != std::string::npos) {
      path.replace(at, 1, cursor_);
    }
    http::Request request;
    request.method = !row.method.empty() ? row.method : row.body.empty() ? "GET" : "POST";
    request.path = path;
    request.body = row.body;
    request.content_type = row.type;
    request.headers = row.headers;
    const http::Response answer = client_->Send(request);
    SCOPED_TRACE(path.substr(0, 200) + " " + row.body.substr(0, 200) + "\n" + answer.body);
    CheckProblem(answer.status, answer.body, row.status, row.code);
    CheckHeaders(answer);
    const json::Value problem = json::Parse(answer.body);
    if (!row.detail.empty()) {
      EXPECT_EQ(problem.Find("detail")->text, row.detail);
    }
    const auto& errors = problem.Find("errors")->items;
    if (!errors.empty() && row.parameter.empty()) return;
    ASSERT_EQ(errors.size(), row.parameter.empty() ? 0U : 1U);
    if (!errors.empty()) CheckMistake(errors[0], row);
  }

  static void CheckMistake(const json::Value& error, const ErrorRow& row) {
    EXPECT_EQ(error.Find("parameter")->text, row.parameter);
    EXPECT_EQ(error.Find("code")->text, row.code);
    EXPECT_EQ(error.Find("detail")->text, row.detail);
    const json::Value* offset = error.Find("offset");
    EXPECT_EQ(offset == nullptr ? "none" : offset->text,
              row.offset ? std::to_string(*row.offset) : "none");
    std::vector<std::string> allowed;
    if (const json::Value* list = error.Find("allowed")) {
      for (const json::Value& item : list->items) allowed.push_back(item.text);
    }
    if (row.allowed.empty()) {
      EXPECT_THAT(allowed, ::testing::IsEmpty());
    } else {
      EXPECT_THAT(allowed, Contains(row.allowed));
    }
  }

  void CheckProblem(int status, const std::string& body, int wanted, const std::string& code) {
    EXPECT_EQ(status, wanted);
    const json::Value problem = json::Parse(body);
    EXPECT_EQ(problem.Find("status")->text, std::to_string(wanted));
    EXPECT_EQ(problem.Find("code")->text, code);
    EXPECT_EQ(problem.Find("type")->text, "urn:pgsluice:" + code);
    EXPECT_THAT(problem.Find("instance")->text, ::testing::StartsWith("urn:request:"));
    EXPECT_FALSE(problem.Find("title")->text.empty());
    EXPECT_THAT(body, Not(HasSubstr("enginewords")));
    EXPECT_THAT(body, Not(HasSubstr(sandbox_.prefix())));
  }

  static void CheckHeaders(const http::Response& answer) {
    const auto when = [&](bool wanted, const char* name) {
      if (wanted) {
        EXPECT_THAT(answer.headers, Contains(Key(name)));
      } else {
        EXPECT_THAT(answer.headers, Not(Contains(Key(name))));
      }
    };
    when(answer.status == 401, "WWW-Authenticate");
    when(answer.status == 405, "Allow");
    when(answer.status == 429 || answer.status == 503, "Retry-After");
    EXPECT_THAT(answer.headers,
                Contains(::testing::Pair("Content-Type", "application/problem+json")));
  }

  NeverThere never_;
  Poco::Net::ServerSocket silent_{Poco::Net::SocketAddress("127.0.0.1", 0)};
  IndexSet plain_;
  std::string cursor_;
};

TEST_F(ApiErrors, SayWhatWhereAndWhatWouldBeRight) {
  plain_ = *set_;
  std::list<RawClient> raw;  // One of them waits until the server has waited long enough.
  for (const auto& [status, code, bytes] : RawErrorRows())
    raw.emplace_back(server_->port()).Send(bytes);
  const auto first = std::move(server_);
  Given now = Given::kNothing;
  Set(now);
  for (const ErrorRow& row : ErrorRows()) {
    if (row.given != now) Set(now = row.given);
    Check(row);
  }
  for (const auto& [status, code, bytes] : RawErrorRows()) {
    const std::string answer = raw.front().ReadAll();
    raw.pop_front();
    SCOPED_TRACE(bytes + "\n" + answer);
    ASSERT_THAT(answer, ::testing::StartsWith("HTTP/1.1 "));
    CheckProblem(std::stoi(answer.substr(9, 3)), answer.substr(answer.find("\r\n\r\n") + 4), status,
                 code);
  }
}

using Codes = std::set<std::string>;  ///< "404 not_found"

Codes OfDocs() {
  std::ifstream file(testing::SourceFile("/docs/api.md"));
  const std::regex row("^\\| (\\d{3}) \\| `([a-z_]+)` \\|.*");
  Codes codes;
  std::smatch found;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, found, row)) codes.insert(found.str(1) + " " + found.str(2));
  }
  return codes;
}

Codes OfOpenApi(const json::Value& document) {
  Codes codes;
  for (const auto& [name, response] : document.Find({"components", "responses"})->members) {
    const std::string status = name.substr(std::string("Error").size());
    const json::Value* schema = response.Find({"content", "application/problem+json", "schema"});
    for (const json::Value& code :
         schema->Find("allOf")->items.at(1).Find({"properties", "code", "enum"})->items) {
      codes.insert(status + " " + code.text);
    }
  }
  return codes;
}

/// Finds codes that are written together with their status, or in Reject().
Codes OfSources() {
  const std::regex pattern("([1-5]\\d\\d), \"([a-z_]+)\"|Reject\\(\\s*\"([a-z_]+)\"");
  Codes codes;
  for (const char* folder : {"/src/api", "/src/query"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(testing::SourceFile(folder))) {
      std::stringstream text;
      if (entry.is_regular_file()) text << std::ifstream(entry.path()).rdbuf();
      const std::string source = text.str();
      for (std::sregex_iterator at(source.begin(), source.end(), pattern), end; at != end; ++at) {
        codes.insert(at->str(3).empty() ? at->str(1) + " " + at->str(2) : "400 " + at->str(3));
      }
    }
  }
  return codes;
}

TEST_F(ApiErrors, EveryCodeIsTestedAndDescribed) {
  Codes tested;
  for (const ErrorRow& row : ErrorRows())
    tested.insert(std::to_string(row.status) + " " + row.code);
  for (const auto& [status, code, bytes] : RawErrorRows()) {
    tested.insert(std::to_string(status) + " " + code);
  }
  EXPECT_EQ(OfDocs(), tested);
  EXPECT_EQ(OfOpenApi(json::Parse(Send("/openapi.json").body)), tested);
  Codes thrown = OfSources();
  EXPECT_EQ(thrown.erase("499 caller_gone"), 1U);  // No caller receives it.
  thrown.insert("410 cursor_expired");             // Not written together with its status.
  thrown.insert("403 parameter_not_allowed");
  EXPECT_EQ(thrown, tested);
}

}  // namespace
}  // namespace pgsluice::api
