// Documents similar to another one, and several searches answered with one list.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/base/digest.h"
#include "support/catalog_fixture.h"

namespace pgsluice::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ApiMergeTest : public CatalogFixture {
 protected:
  static std::vector<std::string> Places(const json::Value& answer) {
    std::vector<std::string> places;
    for (const json::Value& hit : answer.Find("hits")->items) {
      places.push_back(hit.Find("index")->text + " " + hit.Find("id")->text);
    }
    return places;
  }
};

TEST_F(ApiMergeTest, SimilarDocumentsShareWords) {
  const json::Value answer = Get("/v1/products/docs/1/similar");
  EXPECT_THAT(IdsOf(answer), UnorderedElementsAre("2", "3"));
  EXPECT_EQ(IdsOf(answer).at(0), "2") << "the brand is the same too";
  EXPECT_EQ(Text(answer.Find("total")), R"({"value":2,"relation":"eq"})");
  EXPECT_EQ(Text(answer.Find({"meta", "index"})), R"("products")");
  EXPECT_THAT(IdsOf(Get("/v1/products/docs/1/similar?filter=price%3E60&fields=name")),
              ElementsAre("3"));
  EXPECT_THAT(IdsOf(Get("/v1/products/docs/1/similar?per_page=1&page=2")), ElementsAre("3"));
  EXPECT_EQ(Send("/v1/products/docs/nothing/similar").status, 404);
  EXPECT_EQ(Send("/v1/products/docs/1/similar?q=x").status, 400);
  EXPECT_EQ(Send("/v1/products/docs/1/similar?per_page=100&page=101").status, 400);
}

TEST_F(ApiMergeTest, SimilarDocumentsKeepToThePolicy) {
  config_.auth.keys = {{"some", base::Sha256("some-key"), "some", ""}};
  config_.auth.policies["some"].indexes["products"] = {"price < 100 OR price IS NULL",
                                                       {"secret", "brand"}};
  Restart();
  const http::Headers key = {{"X-Api-Key", "some-key"}};
  EXPECT_THAT(IdsOf(Get("/v1/products/docs/1/similar", key)), ElementsAre("2"));
  EXPECT_THAT(IdsOf(Get("/v1/products/docs/4/similar", key)), ElementsAre("5"))
      << "a word of a hidden field is not compared";
  EXPECT_EQ(Send("/v1/products/docs/3/similar", "", key).status, 404);
}

TEST_F(ApiMergeTest, RecommendationWidgetsGetSimilarDocuments) {
  const auto ask = [&](const std::string& more) {
    return Send(
        "/1/indexes/*/recommendations",
        R"({"requests":[{"indexName":"products","model":"related-products",)" + more + "}]}");
  };
  const std::string body = ask(R"("objectID":"1","threshold":0,"maxRecommendations":2,)"
                               R"("queryParameters":{"filters":"price > 60"})")
                               .body;
  EXPECT_THAT(body, HasSubstr(R"({"objectID":"3","id":3,"name":"Kitchen chair")"));
  EXPECT_THAT(body, HasSubstr(R"("nbHits":1)"));
  EXPECT_THAT(ask(R"("objectID":"nothing")").body, HasSubstr(R"("hits":[],"nbHits":0)"));
  for (const char* wrong :
       {R"("objectID":"1","threshold":50)", R"("objectID":"1","maxRecommendations":-1)",
        R"("objectID":1)", R"("objectID":"1","fallbackParameters":{"query":"x"})",
        R"("objectID":"1","queryParameters":{"page":1})", R"("objectID":"1","other":1)"}) {
    const http::Response answer = ask(wrong);
    EXPECT_EQ(answer.status, 400) << wrong << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(R"("parameter":")")) << wrong;
  }
  EXPECT_THAT(Send("/1/indexes/*/recommendations",
                   R"({"requests":[{"indexName":"products","model":"trending-items"}]})")
                  .body,
              HasSubstr(R"("parameter":"model")"));
}

TEST_F(ApiMergeTest, MergesByScoreAndWeight) {
  const std::string searches =
      R"("searches":[{"index":"products","q":"garden"},{"index":"articles","q":"garden"}])";
  const json::Value merged = Post("/v1/multi-search", "{" + searches + R"(,"merge":true})");
  EXPECT_THAT(Places(merged),
              UnorderedElementsAre("products 1", "products 2", "articles 1", "articles 2"));
  EXPECT_EQ(Places(merged).back(), "articles 2") << "a beginning comes last";
  EXPECT_EQ(Text(merged.Find("total")), R"({"value":4,"relation":"eq"})");
  EXPECT_EQ(Text(merged.Find({"meta", "indexes"})), R"(["products","articles"])");
  const json::Value products =
      Post("/v1/multi-search",
           "{" + searches + R"(,"merge":{"weights":{"products":100}},"per_page":3})");
  EXPECT_THAT(Places(products), ElementsAre("products 1", "products 2", "articles 1"));
  const json::Value second =
      Post("/v1/multi-search",
           "{" + searches + R"(,"merge":{"weights":{"products":100}},"per_page":3,"page":2})");
  EXPECT_THAT(Places(second), ElementsAre("articles 2"));
}

TEST_F(ApiMergeTest, MergesBySortAndInTurn) {
  const std::string sorted =
      R"({"index":"products","sort":"price","filter":"id<4"},{"index":"articles","sort":"price"})";
  EXPECT_THAT(Places(Post("/v1/multi-search", R"({"merge":true,"searches":[)" + sorted + "]}")),
              ElementsAre("products 1", "articles 1", "products 2", "products 3", "articles 2"));
  EXPECT_THAT(Places(Post("/v1/multi-search",
                          R"({"merge":true,"per_page":3,"searches":[{"index":"products"},)"
                          R"({"index":"articles"}]})")),
              ElementsAre("products 1", "articles 1", "products 2"));
}

TEST_F(ApiMergeTest, RefusesWhatCannotBeMerged) {
  const std::string products = R"({"index":"products","q":"garden"})";
  for (const std::string& wrong :
       {R"({"merge":1,"searches":[]})" + std::string(),
        R"({"merge":{"weights":{"nothing":2}},"searches":[)" + products + "]}",
        R"({"merge":{"weights":{"products":0}},"searches":[)" + products + "]}",
        R"({"merge":{"weight":1},"searches":[)" + products + "]}",
        R"({"merge":true,"searches":[)" + products + R"(,{"index":"articles"}]})",
        R"({"merge":true,"searches":[)" + products +
            R"(,{"index":"articles","q":"x","sort":"id"}]})",
        std::string(R"({"merge":true,"searches":[{"index":"products","page":2}]})"),
        std::string(R"({"merge":true,"searches":[{"index":"products","facets":["brand"]}]})"),
        std::string(R"({"merge":true,"page":11,"per_page":100,"searches":[]})"),
        std::string(R"({"page":1,"searches":[]})")}) {
    const http::Response answer = Send("/v1/multi-search", wrong);
    EXPECT_EQ(answer.status, 400) << wrong << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(R"("parameter":")")) << wrong;
  }
  EXPECT_EQ(Send("/v1/multi-search", R"({"merge":true,"searches":[{"index":"nothing"}]})").status,
            404)
      << "a list without one of its searches would read as all there is";
}

}  // namespace
}  // namespace pgsluice::api
