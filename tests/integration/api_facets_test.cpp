// Facets with options, one hit per value, and answers without hits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/base/digest.h"
#include "support/catalog_fixture.h"

namespace pgsluice::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ApiFacetsTest : public CatalogFixture {
 protected:
  std::string FacetOf(const std::string& path, const std::string& parameters) {
    return Text(Get("/v1/products/search?per_page=0&" + parameters).Find({"facets", path}));
  }
  std::vector<std::string> Groups(const json::Value& answer) {
    std::vector<std::string> groups;
    for (const json::Value& hit : answer.Find("hits")->items) {
      groups.push_back(hit.Find("id")->text + " " + Text(hit.Find("group")));
    }
    return groups;
  }
};

TEST_F(ApiFacetsTest, HaveRangesStatsAndMissing) {
  const std::string facet =
      FacetOf("price", "facet_ranges.price=..50,50..100,100..&facet_missing.price=true");
  EXPECT_EQ(facet, R"({"values":[{"value":"..50","from":null,"to":50,"count":1},)"
                   R"({"value":"50..100","from":50,"to":100,"count":2},)"
                   R"({"value":"100..","from":100,"to":null,"count":1}],"other":0,"missing":1,)"
                   R"("stats":{"min":10,"max":100,"avg":64.875,"sum":259.5,"count":4}})");
  EXPECT_EQ(FacetOf("parts.size", "facet_ranges.parts.size=1..10&facet_missing.parts.size=true"),
            R"({"values":[{"value":"1..10","from":1,"to":10,"count":2}],"other":0,"missing":3,)"
            R"("stats":{"min":1,"max":15,"avg":7,"sum":21,"count":3}})");
  EXPECT_THAT(FacetOf("opened", "facet_ranges.opened=2024-01-01..2024-04-01,2024-04-01.."),
              HasSubstr(R"("from":"2024-04-01","to":null,"count":1}],"other":1)"));
}

TEST_F(ApiFacetsTest, HaveOrderSizeAndSelections) {
  EXPECT_EQ(FacetOf("brand", "facets=brand&facet_sort.brand=value&facet_size.brand=1"),
            R"({"values":[{"value":"Bolt","count":1}],"other":2})");
  EXPECT_EQ(FacetOf("brand", "facets=brand&facet.brand=Bolt&filter=price%20%3C%20100"),
            R"({"values":[{"value":"acme","count":2}],"other":0})");
}

TEST_F(ApiFacetsTest, IntervalsFollowTheCalendarOfATimeZone) {
  EXPECT_THAT(FacetOf("opened", "facet_interval.opened=month"),
              HasSubstr(R"({"values":[{"value":"2023-12-01T00:00:00.000Z","count":1},)"
                        R"({"value":"2024-03-01T00:00:00.000Z","count":2},)"
                        R"({"value":"2024-04-01T00:00:00.000Z","count":1}],"other":0)"));
  const std::string berlin = "&facet_timezone.opened=Europe/Berlin";
  EXPECT_THAT(FacetOf("opened", "facet_interval.opened=month" + berlin),
              HasSubstr(R"({"values":[{"value":"2024-01-01T00:00:00.000+01:00","count":1},)"
                        R"({"value":"2024-03-01T00:00:00.000+01:00","count":2},)"
                        R"({"value":"2024-05-01T00:00:00.000+02:00","count":1}],"other":0)"));
  EXPECT_THAT(FacetOf("opened", "facet_interval.opened=day" + berlin),
              HasSubstr(R"({"value":"2024-03-31T00:00:00.000+01:00","count":2})"));
  EXPECT_THAT(FacetOf("parts.size", "facet_interval.parts.size=10"),
              HasSubstr(R"([{"value":0,"count":2},{"value":10,"count":1}])"));
  EXPECT_THAT(FacetOf("price", "facet_interval.price=50&facet_sort.price=count&facet_size.price=1"),
              HasSubstr(R"({"values":[{"value":50,"count":2}],"other":2)"));
}

TEST_F(ApiFacetsTest, RefuseWhatCannotWork) {
  for (const char* wrong :
       {"facet_interval.opened=day&facet_timezone.opened=Europe/Nowhere", "facet_interval.price=0",
        "facet_ranges.name=a..b", "facet_ranges.price=a..b", "facet_size.price=101",
        "facet_interval.price=0.01x", "facet_sort.price=x", "facet_sizes.price=1",
        "facet_size.nothing=2", "distinct=parts.color", "distinct=opened", "distinct=nothing"}) {
    const http::Response answer = Send(std::string("/v1/products/search?") + wrong);
    EXPECT_EQ(answer.status, 400) << wrong << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(R"("parameter":")")) << wrong;
  }
}

TEST_F(ApiFacetsTest, DistinctGivesTheBestHitOfEachValue) {
  const json::Value all = Get("/v1/products/search?distinct=brand&sort=price&facets=brand,name");
  EXPECT_THAT(Groups(all),
              ElementsAre(R"(1 {"value":"acme","count":2})", R"(5 {"value":null,"count":2})",
                          R"(3 {"value":"Bolt","count":1})"));
  EXPECT_EQ(Text(all.Find("total")), R"({"value":3,"relation":"eq"})");
  EXPECT_EQ(Text(all.Find({"facets", "brand"})),
            R"({"values":[{"value":"Bolt","count":1},{"value":"acme","count":1}],"other":0})");
  EXPECT_EQ(Text(Get("/v1/products/search?distinct=brand&facets=parts.color,price&"
                     "facet_ranges.price=..100&facet_missing.price=true")
                     .Find("facets")),
            R"({"parts.color":{"values":[{"value":"red","count":1}],"other":0},)"
            R"("price":{"values":[{"value":"..100","from":null,"to":100,"count":2}],"other":1,)"
            R"("missing":1,"stats":{"min":10,"max":100,"avg":64.875,"sum":259.5,"count":4}}})")
      << "counts are of values, not of documents";
  EXPECT_THAT(Groups(Get("/v1/products/search?distinct=brand&sort=price:desc&filter=price%3C100")),
              ElementsAre(R"(5 {"value":null,"count":1})", R"(2 {"value":"acme","count":2})"));
  const json::Value selected = Get("/v1/products/search?distinct=brand&facet.brand=acme");
  EXPECT_EQ(Text(selected.Find("total")), R"({"value":1,"relation":"eq"})");
}

TEST_F(ApiFacetsTest, DistinctHasPagesAndCursors) {
  const std::string search = "/v1/products/search?distinct=brand&sort=price&per_page=2";
  EXPECT_THAT(IdsOf(Get(search + "&page=2")), ElementsAre("3"));
  const json::Value first = Get(search);
  EXPECT_THAT(IdsOf(first), ElementsAre("1", "5"));
  const std::string cursor = first.Find({"page", "next_cursor"})->text;
  const json::Value second = Get(search + "&cursor=" + http::Encode(cursor));
  EXPECT_THAT(IdsOf(second), ElementsAre("3"));
  EXPECT_TRUE(second.Find({"page", "next_cursor"})->IsNull());
  EXPECT_EQ(Send("/v1/products/search?distinct=price&sort=price&per_page=2&cursor=" +
                 http::Encode(cursor))
                .status,
            400)
      << "a cursor of another search";
}

TEST_F(ApiFacetsTest, ProposesOnlyWhatTheCallerWouldFind) {
  const auto proposed = [&](const std::string& parameters, http::Headers headers = {}) {
    const json::Value answer = Get("/v1/products/search?" + parameters, std::move(headers));
    return IdsOf(answer).empty() ? Text(answer.Find("did_you_mean")) : "hits";
  };
  EXPECT_EQ(proposed("q=kithcne"), R"({"q":"kitchen"})");
  EXPECT_EQ(proposed("q=kitchne&typos=0"), R"({"q":"kitchen"})");
  EXPECT_EQ(proposed("q=zzzqqq%20lamp"), R"({"q":"lamp"})");
  EXPECT_EQ(proposed("q=zzzqqq"), "nothing");
  EXPECT_EQ(proposed("q=kithcne&filter=price%3C20"), "nothing");
  config_.auth.keys = {{"some", base::Sha256("some-key"), "some", ""}};
  config_.auth.policies["some"].indexes["products"] = {"price < 60", {"brand"}};
  Restart();
  EXPECT_EQ(proposed("q=kithcne", {{"X-Api-Key", "some-key"}}), "nothing");
  EXPECT_EQ(proposed("q=acne&typos=0", {{"X-Api-Key", "some-key"}}), "nothing");
}

}  // namespace
}  // namespace pgsluice::api
