#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "pgsluice/base/digest.h"
#include "support/api_fixture.h"

/// Keys and policies: no endpoint shows a document outside the policy's filter, or anything of a
/// hidden field. The marks are words that only such data contains.
namespace pgsluice::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ApiPolicyTest : public ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    engine::BulkBody bulk(set_->at("projects").alias);
    bulk.Index("50",
               R"({"id":50,"title":"outsideword","level":9,"status":"live","tags":["outsidetag"],)"
               R"("owner":{"name":"outsidename"},"__id":"50"})",
               1);
    bulk.Index("51",
               R"({"id":51,"title":"insideword","level":2,"status":"draft","tags":["insidetag"],)"
               R"("secret":"hiddenword","owner":{"name":"hiddenname"},"__id":"51"})",
               1);
    ASSERT_TRUE(engine_->Bulk(bulk, std::chrono::seconds(30)).all_done);
    engine_->Refresh(set_->at("projects").alias);
    config_.auth.keys = {{"all", base::Sha256("all-key"), "all", ""},
                         {"some", base::Sha256("some-key"), "some", ""},
                         {"old", base::Sha256("old-key"), "some", "2020-01-01"},
                         {"other", base::Sha256("other-key"), "other", ""}};
    config_.auth.policies["all"].indexes["*"] = {};
    config_.auth.policies["some"].indexes["projects"] = {"level <= 2", {"secret", "owner"}};
    config_.auth.policies["some"].per_page = 10;
    config_.auth.policies["other"].indexes["nothing"] = {};
    config_.auth.policies["other"].export_allowed = false;
    Restart();
  }

  http::Response As(const std::string& key, const std::string& path, const std::string& body = "") {
    return Send(path, body, {{"Authorization", "Bearer " + key}});
  }
  void ExpectClean(const http::Response& answer, const std::string& what) {
    for (const char* mark : {"outside", "hiddenword", "hiddenname"}) {
      EXPECT_EQ(answer.body.find(mark), std::string::npos) << mark << " in " << what << "\n"
                                                           << answer.body;
    }
  }
};

TEST_F(ApiPolicyTest, EveryEndpointKeepsToThePolicy) {
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"/v1/projects/search?per_page=100", ""},
      {"/v1/projects/search?q=outsideword", ""},
      {"/v1/projects/search?q=hiddenword", ""},
      {"/v1/projects/search?facets=tags,title&highlight=title&q=insideword", ""},
      {"/v1/projects/search", R"({"facets":["tags"],"facet_filters":{"tags":["outsidetag"]}})"},
      {"/v1/projects/count", ""},
      {"/v1/projects/docs/50", ""},
      {"/v1/projects/docs/51", ""},
      {"/v1/projects/docs/mget", R"({"ids":["50","51"]})"},
      {"/v1/projects/docs/51/similar", ""},
      {"/v1/projects/search?distinct=title&facets=tags&facet_missing.tags=true", ""},
      {"/v1/projects/search?q=outsideworld", ""},
      {"/v1/multi-search", R"({"merge":true,"searches":[{"index":"projects","per_page":10}]})"},
      {"/v1/projects/suggest?field=title&q=o", ""},
      {"/v1/projects/facets/tags", ""},
      {"/v1/projects/export", ""},
      {"/v1/multi-search", R"({"searches":[{"index":"projects","per_page":100}]})"},
      {"/v1/instantsearch",
       R"([{"indexName":"projects","params":{"facets":["tags"],"hitsPerPage":50}}])"},
      {"/v1/indexes", ""},
      {"/v1/indexes/projects", ""},
      {"/openapi.json", ""},
      {"/v1/sync", ""},
  };
  for (const auto& [path, body] : requests) {
    const http::Response mine = As("some-key", path, body);
    EXPECT_EQ(mine.status, path.find("docs/50") == std::string::npos ? 200 : 404) << path;
    ExpectClean(mine, path);
    EXPECT_EQ(Send(path, body).status, 401) << path;
    EXPECT_EQ(As("wrong", path, body).status, 401) << path;
  }
  EXPECT_THAT(As("all-key", "/v1/projects/search?q=hiddenword").body, HasSubstr("\"51\""));
  EXPECT_THAT(As("all-key", "/v1/projects/docs/50").body, HasSubstr("outsideword"));
  EXPECT_THAT(As("some-key", "/v1/projects/search?q=hiddenword").body,
              HasSubstr(R"("total":{"value":0)"));
  EXPECT_THAT(As("some-key", "/v1/projects/count").body, HasSubstr(R"("count":3)"));
}

TEST_F(ApiPolicyTest, HiddenFieldsAnswerLikeThoseThatDoNotExist) {
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"/v1/projects/search?filter=@%20%3D%20x", ""},
      {"/v1/projects/search?sort=@", ""},
      {"/v1/projects/search?facets=@", ""},
      {"/v1/projects/search?facet.@=x", ""},
      {"/v1/projects/search?fields=@", ""},
      {"/v1/projects/search?q=x&q.fields=@", ""},
      {"/v1/projects/search?q=x&highlight=@", ""},
      {"/v1/projects/count?filter=@%20IS%20NULL", ""},
      {"/v1/projects/docs/51?fields=@", ""},
      {"/v1/projects/docs/51?filter=@%20%3D%20x", ""},
      {"/v1/projects/docs/mget", R"({"ids":["51"],"fields":["@"]})"},
      {"/v1/projects/suggest?field=@&q=h", ""},
      {"/v1/projects/facets/@", ""},
      {"/v1/projects/export?filter=@%20%3D%20x", ""},
      {"/v1/projects/export?fields=@", ""},
      {"/v1/multi-search", R"({"searches":[{"index":"projects","sort":["@"]}]})"},
      {"/v1/instantsearch", R"([{"indexName":"projects","params":{"facetFilters":["@:x"]}}])"},
      {"/v1/instantsearch", R"([{"indexName":"projects","params":{"facets":["@"]}}])"},
  };
  const auto with = [](std::string text, const std::string& field) {
    for (std::size_t at; (at = text.find('@')) != std::string::npos;) text.replace(at, 1, field);
    return text;
  };
  for (const auto& [path, body] : requests) {
    for (const auto& [hidden, absent] :
         {std::pair("secret", "sacret"), std::pair("owner.name", "owner.nome")}) {
      const http::Response is = As("some-key", with(path, hidden), with(body, hidden));
      const http::Response as = As("some-key", with(path, absent), with(body, absent));
      EXPECT_EQ(is.status, as.status) << path << is.body;
      EXPECT_THAT(is.body, HasSubstr("unknown_field")) << path;
      EXPECT_THAT(as.body, HasSubstr("unknown_field")) << path;
      EXPECT_THAT(as.body, Not(HasSubstr("did you mean 'secret'"))) << path;
      EXPECT_THAT(as.body, Not(HasSubstr("owner.name"))) << path;
    }
  }
}

TEST_F(ApiPolicyTest, CursorsBelongToTheirCaller) {
  const json::Value page =
      json::Parse(As("all-key", "/v1/projects/search?per_page=1&sort=id").body);
  const std::string cursor = page.Find({"page", "next_cursor"})->text;
  const std::string path = "/v1/projects/search?per_page=1&sort=id&cursor=" + cursor;
  EXPECT_EQ(As("all-key", path).status, 200);
  EXPECT_THAT(As("some-key", path).body, HasSubstr("invalid_cursor"));
}

/// The filter of "*" also applies to an index that the policy names, and hidden fields add up.
TEST_F(ApiPolicyTest, RulesForAllIndexesAndForOneAddUp) {
  auto& rules = config_.auth.policies["some"].indexes;
  rules = {{"*", {"level <= 2", {"secret"}}}, {"projects", {"title != nothing", {"owner"}}}};
  Restart();
  for (const char* path : {"/v1/projects/search?per_page=100", "/v1/projects/export",
                           "/v1/projects/docs/51", "/v1/indexes"}) {
    ExpectClean(As("some-key", path), path);
  }
  EXPECT_EQ(As("some-key", "/v1/projects/docs/50").status, 404);
  EXPECT_EQ(As("some-key", "/v1/projects/docs/51").status, 200);
  EXPECT_THAT(As("some-key", "/v1/projects/search?sort=owner.name").body,
              HasSubstr("unknown_field"));
}

TEST_F(ApiPolicyTest, KeysExpireAtATime) {
  const auto in = [](int seconds, int offset_hours) {
    const std::time_t at = std::time(nullptr) + seconds + offset_hours * 3600;
    std::tm utc{};
    gmtime_r(&at, &utc);
    char text[64];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    const char sign = offset_hours < 0 ? '-' : '+';
    return std::string(text) + sign + (std::abs(offset_hours) < 10 ? "0" : "") +
           std::to_string(std::abs(offset_hours)) + ":00";
  };
  for (const int hours : {-11, -2, 0, 3, 13}) {
    config_.auth.keys[1].expires = in(600, hours);
    Restart();
    EXPECT_EQ(As("some-key", "/v1/projects/count").status, 200) << hours;
    config_.auth.keys[1].expires = in(-600, hours);
    Restart();
    EXPECT_EQ(As("some-key", "/v1/projects/count").status, 401) << hours;
  }
}

TEST_F(ApiPolicyTest, RefusesWhatIsNotAllowed) {
  EXPECT_THAT(As("old-key", "/v1/projects/search").body, HasSubstr("expired_credentials"));
  EXPECT_THAT(As("other-key", "/v1/projects/search").body, HasSubstr("index_not_allowed"));
  EXPECT_THAT(As("other-key", "/v1/projects/export").body, HasSubstr("export_not_allowed"));
  EXPECT_THAT(As("other-key", "/v1/indexes").body, Not(HasSubstr("projects")));
  EXPECT_THAT(Send("/v1/projects/search", "", {{"X-Api-Key", "all-key"}}).body, HasSubstr("hits"));
  config_.auth.policies["some"].indexes["projects"].filter = "level = ${claims.level}";
  Restart();
  EXPECT_THAT(As("some-key", "/v1/projects/count").body, HasSubstr("missing_claim"));
  EXPECT_THAT(As("some-key", "/v1/projects/export").body, HasSubstr("missing_claim"));
}

}  // namespace
}  // namespace pgsluice::api
