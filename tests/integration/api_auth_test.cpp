#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "pgsluice/base/digest.h"
#include "pgsluice/base/error.h"
#include "support/api_fixture.h"
#include "unit/api/signed_token.h"

/// Tokens with claims, limits, reload, and what HTTP adds: origins, compression, tags, traces.
namespace pgsluice::api {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

std::string Token(const std::string& claims) {
  return SignedToken(R"({"alg":"HS256"})", claims, "secret");
}

class ApiAuthTest : public ApiFixture {
 protected:
  void TakeTokens(const std::string& filter) {
    config_.auth.jwt = config::Jwt{{"HS256"}, "secret", "", "", "api", "member", "", false};
    config_.auth.policies["member"].indexes["projects"].filter = filter;
    Restart();
  }
  std::string Count(const std::string& token) {
    return Send("/v1/projects/count", "", {{"Authorization", "Bearer " + token}}).body;
  }
};

TEST_F(ApiAuthTest, ClaimsBecomeFilters) {
  TakeTokens("level = ${claims.level} OR id IN ${claims.ids}");
  EXPECT_THAT(Count(Token(R"({"aud":"api","level":1,"ids":[]})")), HasSubstr(R"("count":1)"));
  EXPECT_THAT(Count(Token(R"({"aud":"api","level":null,"ids":[9007199254740993]})")),
              HasSubstr("missing_claim"));
  EXPECT_THAT(Count(Token(R"({"aud":"api","level":1,"ids":[2,9007199254740993]})")),
              HasSubstr(R"("count":3)"));
  EXPECT_THAT(Count(Token(R"({"aud":"api","level":"1 OR 1 = 1","ids":[]})")),
              HasSubstr("missing_claim"));
  EXPECT_THAT(Count(Token(R"({"aud":"api","level":{"a":1},"ids":[]})")), HasSubstr(R"("count":0)"));
  EXPECT_THAT(Count(Token(R"({"aud":"api"})")), HasSubstr("missing_claim"));
  EXPECT_THAT(Count(Token(R"({"level":1,"ids":[]})")), HasSubstr("invalid_credentials"));
  EXPECT_THAT(Count(Token(R"({"aud":"api","exp":1})")), HasSubstr("expired_credentials"));
  EXPECT_THAT(Count("a.b.c"), HasSubstr("invalid_credentials"));
}

TEST_F(ApiAuthTest, CursorsOfTokensBelongToTheirSubject) {
  TakeTokens("");
  const auto walk = [this](const std::string& subject, const std::string& cursor) {
    return Send(
        "/v1/projects/search?per_page=1" + (cursor.empty() ? "" : "&cursor=" + cursor), "",
        {{"Authorization", "Bearer " + Token(R"({"aud":"api","sub":")" + subject + "\"}")}});
  };
  const json::Value page = json::Parse(walk("a", "").body);
  const std::string cursor = page.Find({"page", "next_cursor"})->text;
  EXPECT_EQ(walk("a", cursor).status, 200);
  EXPECT_THAT(walk("b", cursor).body, HasSubstr("invalid_cursor"));
}

TEST_F(ApiAuthTest, LimitsCallersAndReloads) {
  config::Config limited = config_;
  limited.limits.requests_per_second = 0.01;
  EXPECT_EQ(Send("/v1/projects/count").status, 200);
  server_->Reload(limited);
  EXPECT_EQ(Send("/v1/projects/count").status, 200);
  const http::Response refused = Send("/v1/projects/count");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("rate_limited"));
  EXPECT_THAT(refused.headers, Contains(Key("Retry-After")));
  config::Config keyed = config_;
  keyed.auth.keys = {{"k", base::Sha256("key"), "p", ""}};
  keyed.auth.policies["p"].indexes["*"] = {};
  server_->Reload(keyed);
  EXPECT_EQ(Send("/v1/projects/count").status, 401);
  EXPECT_EQ(Send("/v1/projects/count", "", {{"X-Api-Key", "key"}}).status, 200);
  keyed.auth.jwt = config::Jwt{{"RS256"}, "", "/nowhere", "", "api", "p"};
  EXPECT_THROW(server_->Reload(keyed), pgsluice::Error);
  EXPECT_EQ(Send("/v1/projects/count", "", {{"X-Api-Key", "key"}}).status, 200);
}

TEST_F(ApiAuthTest, DocumentsHaveTags) {
  const http::Response first = Send("/v1/projects/docs/1");
  std::string tag;
  for (const auto& [name, value] : first.headers) {
    if (name == "ETag") tag = value;
  }
  ASSERT_THAT(tag, ::testing::StartsWith("W/\""));
  const http::Response same = Send("/v1/projects/docs/1", "", {{"If-None-Match", tag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(Send("/v1/projects/docs/2", "", {{"If-None-Match", tag}}).status, 200);
  EXPECT_EQ(Send("/v1/projects/docs/1?fields=id", "", {{"If-None-Match", tag}}).status, 200);
}

TEST_F(ApiAuthTest, OriginsAreAllowedWhenListed) {
  EXPECT_THAT(Send("/v1/projects/count", "", {{"Origin", "https://a.example"}}).headers,
              Not(Contains(Key("Access-Control-Allow-Origin"))));
  config_.cors_origins = {"https://a.example"};
  Restart();
  EXPECT_THAT(Send("/v1/projects/count", "", {{"Origin", "https://a.example"}}).headers,
              Contains(Pair("Access-Control-Allow-Origin", "https://a.example")));
  EXPECT_THAT(Send("/v1/nothing/count", "", {{"Origin", "https://a.example"}}).headers,
              Contains(Pair("Access-Control-Allow-Origin", "https://a.example")));
}

/// Passes everything on and records headers.
class Recorder : public http::Transport {
 public:
  explicit Recorder(std::shared_ptr<http::Transport> next) : next_(std::move(next)) {}
  http::Response Send(const http::Request& request) override {
    {
      const std::lock_guard lock(mutex_);
      seen_ = request.headers;
    }
    return next_->Send(request);
  }
  http::Headers seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  std::shared_ptr<http::Transport> next_;
  std::mutex mutex_;
  http::Headers seen_;
};

TEST_F(ApiAuthTest, TracesArePassedOn) {
  auto recorder = std::make_shared<Recorder>(sandbox_.transport());
  engine_ = std::make_shared<engine::Engine>(recorder);
  Restart();
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const http::Response answer =
      Send("/v1/projects/search", "", {{"traceparent", trace}, {"X-Request-Id", "r-1"}});
  EXPECT_THAT(answer.headers, Contains(Pair("X-Request-Id", "r-1")));
  EXPECT_THAT(answer.body, HasSubstr(R"("request_id":"r-1")"));
  EXPECT_THAT(recorder->seen(), Contains(Pair("traceparent", trace)));
  EXPECT_THAT(recorder->seen(), Contains(Pair("X-Opaque-Id", "r-1")));
  Send("/v1/projects/search", "", {{"traceparent", "00-evil"}});
  EXPECT_THAT(recorder->seen(), Not(Contains(Key("traceparent"))));
}

}  // namespace
}  // namespace pgsluice::api
