#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/json/value.h"
#include "support/api_fixture.h"

/// The REST API over HTTP on a real engine, with an index of three handmade documents.
namespace pgsluice::api {
namespace {

using ::testing::HasSubstr;

class ApiSearchTest : public ApiFixture {};

const std::string kBig = "9007199254740993";

TEST_F(ApiSearchTest, FiltersAsSqlDoes) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  ASSERT_TRUE(bulk_text_ok_);
  EXPECT_THAT(Ids("level != 1"), ElementsAre("2"));
  EXPECT_THAT(Ids("NOT level = 1"), ElementsAre("2"));
  EXPECT_THAT(Ids("level IS NULL"), ElementsAre(kBig));
  EXPECT_THAT(Ids("id = " + kBig), ElementsAre(kBig));
  EXPECT_THAT(Ids("id = 9007199254740992"), IsEmpty());
  EXPECT_THAT(Ids("tags != home"), ElementsAre("1", kBig));
  EXPECT_THAT(Ids("orders[state = sent AND total >= 90]"), ElementsAre(kBig));
  EXPECT_THAT(Ids("orders.state = sent AND orders.total >= 90"), ElementsAre("1", kBig));
  EXPECT_THAT(Ids("status > draft"), ElementsAre("1", kBig));
  EXPECT_THAT(Ids("title STARTS WITH \"The b\""), ElementsAre("1"));
  EXPECT_THAT(Ids("price < 1e400"), ElementsAre("1", kBig));
  EXPECT_THAT(Ids("", "&sort=price:desc"), ElementsAre("1", kBig, "2"));
  EXPECT_THAT(Ids("", "&sort=price:nulls_first"), ElementsAre("2", kBig, "1"));
}

TEST_F(ApiSearchTest, FindsWordsWithTypos) {
  const http::Response answer = Send("/v1/projects/search?q=hackathns&highlight=title");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("<em>hackathons</em>"));
  EXPECT_THAT(answer.body, HasSubstr(R"("price":12.50)"));
  EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("__id")));
}

TEST_F(ApiSearchTest, CountsFacetsOfRootDocuments) {
  const http::Response answer =
      Send("/v1/projects/search",
           R"({"facets":["orders.state","tags"],"facet_filters":{"tags":["home"]},"per_page":1})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(
      answer.body,
      HasSubstr(R"("tags":{"values":[{"value":"oss","count":2},{"value":"home","count":1}])"));
  EXPECT_THAT(answer.body, HasSubstr(R"("total":{"value":1,"relation":"eq"})"));
}

TEST_F(ApiSearchTest, CursorsWalkToTheEnd) {
  std::string path = "/v1/projects/search?sort=price:desc&per_page=1";
  std::string cursor;
  std::vector<std::string> ids;
  for (int page = 0; page < 5; ++page) {
    const json::Value answer =
        json::Parse(Send(path + (cursor.empty() ? "" : "&cursor=" + cursor)).body);
    for (const json::Value& hit : answer.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    const json::Value* next = answer.Find({"page", "next_cursor"});
    if (next->IsNull()) break;
    cursor = next->text;
  }
  EXPECT_THAT(ids, ::testing::ElementsAre("1", kBig, "2"));
  EXPECT_EQ(Send("/v1/projects/search?per_page=1&cursor=" + cursor + "x").status, 400);
}

TEST_F(ApiSearchTest, AnswersDocumentsAndProblems) {
  EXPECT_THAT(Send("/v1/projects/docs/" + kBig).body, HasSubstr("\"id\":" + kBig));
  EXPECT_THAT(Send("/v1/projects/docs/7").body, HasSubstr("document_not_found"));
  EXPECT_THAT(Send("/v1/projects/docs/mget", R"({"ids":["2","7"]})").body,
              HasSubstr(R"("missing":["7"])"));
  EXPECT_THAT(Send("/v1/projects/docs/mget", R"({"ids":["","2",""]})").body,
              HasSubstr(R"("missing":["",""])"));
  EXPECT_THAT(Send("/v1/projects/docs/mget", R"({"ids":[""]})").body, HasSubstr(R"("docs":[])"));
  EXPECT_THAT(Send("/v1/projects/count").body, HasSubstr(R"("count":3)"));
  EXPECT_THAT(Send("/v1/indexes").body, HasSubstr(R"("documents":3)"));
  EXPECT_THAT(Send("/v1/sync").body, HasSubstr(R"("pending":0)"));
  EXPECT_THAT(Send("/v1/project/search").body, HasSubstr("did you mean 'projects'?"));
  for (const char* url : {"?q=%ff", "?filter=title%20%3D%20%c3", "?%8d=x", "/%80"}) {
    EXPECT_THAT(Send(std::string("/v1/projects/search") + url).body, HasSubstr("not UTF-8")) << url;
  }
  EXPECT_THAT(Send("/v1/instantsearch", R"([{"indexName":"projects","params":"query=%ff"}])").body,
              HasSubstr("not UTF-8"));
  EXPECT_EQ(Send("/v1/projects/search?fliter=x").status, 400);
  EXPECT_EQ(Send("/v1/projects/search", "{").status, 400);
  EXPECT_EQ(Send("/v1/projects/search", std::string(300 * 1024, ' ')).status, 413);
  EXPECT_EQ(Send("/v1/projects/search?q=" + std::string(9000, 'x')).status, 414);
}

// A service that has just started, before it has checked the indexes for the first time.
TEST_F(ApiSearchTest, AnIndexThatMayStillBeMadeIsNotReady) {
  complete_ = false;
  for (const std::string path : {"/v1/members/search", "/v1/indexes/members"}) {
    const http::Response answer = Send(path);
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_THAT(answer.body, HasSubstr("index_not_ready")) << path;
  }
  EXPECT_EQ(Send("/v1/projects/search").status, 200);
  complete_ = true;
  EXPECT_EQ(Send("/v1/members/search").status, 404);
}

// Documents of a missing shard must not look as if they did not exist. A search shows what there is
// and says that it is partial.
TEST_F(ApiSearchTest, AMissingShardIsNotAMissingDocument) {
  const std::string lost = sandbox_.Name("lost");
  engine_->Send({.method = "PUT",
                 .path = "/" + lost + "?wait_for_active_shards=0",
                 .body = R"({"settings":{"number_of_replicas":0,)"
                         R"("routing.allocation.require.rack":"none"}})"});
  engine_->SwapAlias(sandbox_.Name("projects"), {}, lost);
  const http::Response part = Send("/v1/projects/search?count=exact");
  EXPECT_EQ(part.status, 200);
  EXPECT_THAT(part.body, HasSubstr(R"("partial":true)"));
  EXPECT_THAT(part.body, HasSubstr(R"("value":3)"));
  EXPECT_THAT(Send("/v1/indexes").body, HasSubstr(R"("documents":null)"));
  for (const char* path : {"count", "docs/1?filter=level%20%3E%200", "facets/status",
                           "suggest?field=status&q=l", "export"}) {
    const http::Response answer = Send(std::string("/v1/projects/") + path);
    EXPECT_EQ(answer.status, 503) << path << ' ' << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("engine_unavailable")) << path;
  }
  EXPECT_EQ(Send("/v1/projects/docs/mget", R"({"ids":["1"]})").status, 503);
}

}  // namespace
}  // namespace pgsluice::api
