#include "pgsluice/query/sort.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/query/cursor_values.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/search_body.h"
#include "unit/query/plan_fixture.h"

namespace pgsluice::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using By = SearchRequest::Sort::By;

std::shared_ptr<const plan::Plan> PlanWithPlaces() {
  auto plan = std::make_shared<plan::Plan>(*SamplePlan());
  plan->fields.push_back(MakeField("at", plan::Kind::kGeoPoint, "geo_point"));
  return plan;
}

std::string Body(const std::string& parameters) {
  const Schema schema(PlanWithPlaces(), {"secret"});
  const SearchRequest request = ReadBody(json::Parse("{" + parameters + "}"), kSearchParameters);
  return SearchBody({schema, request, {}, false, {}});
}

TEST(SortTest, ListsAreSplitOutsideOfParentheses) {
  EXPECT_THAT(SplitSort("price:desc,name"), ElementsAre("price:desc", "name"));
  EXPECT_THAT(SplitSort("distance(at, 48.1, 11.5):asc,_score, distance(b,1,2)"),
              ElementsAre("distance(at, 48.1, 11.5):asc", "_score", " distance(b,1,2)"));
  EXPECT_THAT(SplitSort("distance(at, 1"), ElementsAre("distance(at, 1"));
  EXPECT_THAT(SplitSort(""), ElementsAre());
}

TEST(SortTest, ReadsScoresAndDistances) {
  const auto score = ParseSort("_score", "sort", std::nullopt);
  EXPECT_EQ(score.by, By::kScore);
  EXPECT_TRUE(score.descending) << "the best first";
  EXPECT_FALSE(ParseSort("_score:asc", "sort", std::nullopt).descending);
  const auto place = ParseSort("distance(owner.at, -48.5, 180):desc:nulls_first", "sort", {});
  EXPECT_EQ(place.by, By::kDistance);
  EXPECT_EQ(place.path, "owner.at");
  EXPECT_EQ(place.lat, -48.5);
  EXPECT_EQ(place.lon, 180);
  EXPECT_TRUE(place.descending && place.nulls_first);
  for (const char* wrong :
       {"distance(at, 91, 0)", "distance(at, 1)", "distance(at, 1, 2", "distance(, 1, 2)",
        "distance(at, x, 2)", "distance(at, nan, 2)", "distance(at, 1, 2)asc", "price:down",
        "_score:nulls_first", "", "price:nulls_last:asc"}) {
    EXPECT_THROW(ParseSort(wrong, "sort", std::nullopt), Problem) << wrong;
  }
}

TEST(SortTest, PlainSearchesKeepTheirBody) {
  EXPECT_EQ(Body(R"("sort":["level:desc"],"count":"none")"),
            R"({"query":{"bool":{"filter":[{"match_all":{}}]}},)"
            R"("sort":[{"level":{"order":"desc","missing":"_last"}},{"__id":"asc"}],"size":20,)"
            R"("track_scores":false,"from":0,"track_total_hits":false,"timeout":"10s",)"
            R"("_source":true})");
  EXPECT_THAT(
      Body(R"("q":"tools")"),
      HasSubstr(R"("sort":[{"_score":"desc"},{"__id":"asc"}],"size":20,"track_scores":true)"));
}

TEST(SortTest, MissingPlacesComeLastUnlessTheyAreWantedFirst) {
  EXPECT_THAT(Body(R"x("sort":["distance(at, 48, 11.5)","_score","level"])x"),
              HasSubstr(R"("sort":[{"_geo_distance":{"at":{"lat":48,"lon":11.5},"order":"asc",)"
                        R"("unit":"m"}},{"_score":"desc"},{"level")"));
  EXPECT_THAT(Body(R"x("sort":"distance(at, 48, 11.5):desc")x"),
              HasSubstr(R"("at":{"lat":-48,"lon":-168.5},"order":"asc")"));
  EXPECT_THAT(Body(R"x("sort":"distance(at, 48, 11.5):asc:nulls_first")x"),
              HasSubstr(R"("at":{"lat":-48,"lon":-168.5},"order":"desc")"));
  EXPECT_THAT(Body(R"x("sort":"distance(at, 48, 11.5):desc:nulls_first")x"),
              HasSubstr(R"("at":{"lat":48,"lon":11.5},"order":"desc")"));
  EXPECT_THROW(Body(R"x("sort":"distance(title, 1, 2)")x"), Problem);
  EXPECT_THROW(Body(R"x("sort":"distance(secret, 1, 2)")x"), Problem);
  EXPECT_THROW(Body(R"("sort":"at")"), Problem);
  EXPECT_THROW(Body(R"("sort":["id","level","price","live","title"])"), Problem);
}

TEST(SortTest, CursorsHoldScoresAndDistances) {
  const Schema schema(PlanWithPlaces(), {});
  const SearchRequest request = ReadParameters(
      {{"sort", "distance(at, 48, 11),_score,id"}, {"q", "tools"}}, kSearchParameters);
  const SearchInput input{schema, request, {}, false, {}};
  const std::string payload = CursorPayload(input, R"([12.5,1.25,7,"7"])");
  EXPECT_EQ(SearchAfter(input, payload), R"([12.5,1.25,7,"7"])");
  EXPECT_EQ(SearchAfter(input, CursorPayload(input, R"(["Infinity",1.25,7,"7"])")),
            R"(["Infinity",1.25,7,"7"])");
  EXPECT_EQ(CursorTime(payload), std::nullopt);
  EXPECT_THROW(CursorPayload(input, R"([12.5,7,"7"])"), Problem);
}

}  // namespace
}  // namespace pgsluice::query
