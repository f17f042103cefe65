#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "support/api_fixture.h"

/// Export, multi-search and the format of InstantSearch clients.
namespace pgsluice::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ApiMultiTest : public ApiFixture {
 protected:
  json::Value Instant(const std::string& body) {
    const http::Response answer = Send("/v1/instantsearch", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::Parse(answer.body);
  }
};

TEST_F(ApiMultiTest, ExportsEveryDocumentOnce) {
  engine::BulkBody bulk(set_->at("projects").alias);
  std::set<std::string> expected = {"1", "2", "9007199254740993"};
  for (int i = 1000; i < 3500; ++i) {
    const std::string id = std::to_string(i);
    bulk.Index(id, R"({"id":)" + id + R"(,"price":1.10,"__id":")" + id + R"("})", 1);
    expected.insert(id);
  }
  ASSERT_TRUE(engine_->Bulk(bulk, std::chrono::seconds(60)).all_done);
  engine_->Refresh(set_->at("projects").alias);
  const http::Response answer = Send("/v1/projects/export?fields=id,price");
  ASSERT_EQ(answer.status, 200);
  std::set<std::string> seen;
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);) {
    const json::Value value = json::Parse(line);
    EXPECT_TRUE(seen.insert(value.Find("id")->text).second) << line;
    EXPECT_EQ(value.Find("document")->members.size(), 2U);
  }
  EXPECT_EQ(seen, expected);
  EXPECT_THAT(answer.body, HasSubstr(R"({"id":"1000","document":{"id":1000,"price":1.10}})"));
  EXPECT_EQ(Send("/v1/projects/export?filter=id%20%3D%202").body.find("\"id\":\"1\""),
            std::string::npos);
  EXPECT_EQ(Send("/v1/projects/export?page=2").status, 400);
}

TEST_F(ApiMultiTest, AnswersEverySearchInOrder) {
  const http::Response answer = Send(
      "/v1/multi-search",
      R"({"searches":[{"index":"projects","filter":"id = 2"},{"index":"nothing"},{"index":"projects","filter":{"nme":{"eq":1}}}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json::Value body = json::Parse(answer.body);
  const auto& results = body.Find("results")->items;
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].Find("hits")->items[0].Find("id")->text, "2");
  EXPECT_EQ(results[1].Find("code")->text, "unknown_index");
  EXPECT_EQ(results[2].Find("code")->text, "unknown_field");
  std::string many;
  for (int i = 0; i < 11; ++i) many += std::string(i > 0 ? "," : "") + R"({"index":"projects"})";
  EXPECT_THAT(Send("/v1/multi-search", R"({"searches":[)" + many + "]}").body,
              HasSubstr("limit_exceeded"));
  EXPECT_EQ(Send("/v1/multi-search", R"({"searches":[],"x":1})").status, 400);
}

TEST_F(ApiMultiTest, SpeaksInstantSearch) {
  const json::Value answer = Instant(
      R"([{"indexName":"projects","params":{"query":"hackathns","page":0,"hitsPerPage":5,"facets":["tags","status"],)"
      R"("highlightPreTag":"__ais-highlight__","highlightPostTag":"__/ais-highlight__","tagFilters":"","analytics":false}},)"
      R"({"indexName":"projects","params":"query=&hitsPerPage=0&facets=tags&facetFilters=%5B%5B%22tags%3Ahome%22%2C%22tags%3Anone%22%5D%5D"},)"
      R"({"indexName":"projects:price:desc","query":"","numericFilters":["price>=1","level:1 TO 2"]},)"
      R"({"indexName":"projects/sort/level:desc","params":{"facets":["orders.total"],"filters":"NOT title:'Garden tools' AND level >= 1"}}])");
  const auto& results = answer.Find("results")->items;
  ASSERT_EQ(results.size(), 4U);
  const json::Value& hit = results[0].Find("hits")->items.at(0);
  EXPECT_EQ(hit.Find("objectID")->text, "1");
  EXPECT_EQ(hit.Find({"_highlightResult", "title", "value"})->text,
            "The best __ais-highlight__hackathons__/ais-highlight__");
  EXPECT_EQ(hit.Find({"_highlightResult", "title", "matchLevel"})->text, "full");
  EXPECT_EQ(hit.Find({"_highlightResult", "tags"})->items[0].Find("matchLevel")->text, "none");
  EXPECT_EQ(results[0].Find({"facets", "tags", "oss"})->text, "1");
  EXPECT_EQ(results[0].Find("nbHits")->text, "1");
  EXPECT_EQ(results[1].Find("nbHits")->text, "1");
  EXPECT_EQ(results[3].Find({"facets_stats", "orders.total", "max"})->text, "90");
  EXPECT_EQ(results[1].Find("hits")->items.size(), 0U);
  EXPECT_EQ(results[1].Find({"facets", "tags", "home"})->text, "1");
  EXPECT_EQ(results[2].Find("hits")->items.at(0).Find("objectID")->text, "1");
  EXPECT_EQ(results[2].Find("index")->text, "projects:price:desc");
  EXPECT_EQ(results[3].Find("nbHits")->text, "1");
}

TEST_F(ApiMultiTest, SpeaksInstantSearchAsPlainTextAndForFacetValues) {
  http::Request request;
  request.method = "POST";
  request.path = "/1/indexes/*/queries?x-algolia-agent=test";
  request.content_type = "text/plain";
  const std::string body =
      R"({"requests":[{"indexName":"projects","type":"facet","facet":"tags","params":{"facetQuery":"o"}}]})";
  request.body = body;
  const http::Response answer = client_->Send(request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"({"value":"oss","highlighted":"<em>o</em>ss","count":2})"));
  EXPECT_THAT(answer.body, Not(HasSubstr("home")));
  // As clients before version 5 ask, with letters in either case.
  const http::Response older =
      Send("/1/indexes/projects/facets/tags/query", R"({"facetQuery":"HO","maxFacetHits":5})");
  EXPECT_EQ(older.status, 200);
  EXPECT_THAT(older.body, HasSubstr(R"("highlighted":"<em>ho</em>me")"));
  EXPECT_EQ(Send("/1/indexes/projects/facets/tags/query", "[1]").status, 400);
  EXPECT_EQ(
      Send("/v1/instantsearch", R"([{"indexName":"projects","params":{"facetFilters":["x"]}}])")
          .status,
      400);
}

}  // namespace
}  // namespace pgsluice::api
