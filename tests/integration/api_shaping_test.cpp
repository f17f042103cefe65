// How answers are ordered and shaped: distances, boxes and polygons, facets with options,
// fragments.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/json/writer.h"
#include "support/api_fixture.h"

namespace pgsluice::api {
namespace {

using plan::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ApiShapingTest : public ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    auto plan = std::make_shared<plan::Plan>();
    plan->name = "places";
    plan->config.name = "places";
    plan->fields = {query::MakeField("id", Kind::kInteger, "integer"),
                    query::MakeField("name", Kind::kText, "text"),
                    query::MakeField("price", Kind::kDecimal, "double"),
                    query::MakeField("opened", Kind::kDate, "date"),
                    query::MakeField("at", Kind::kGeoPoint, "geo_point"),
                    query::MakeField("open", Kind::kRange, "date_range"),
                    query::MakeField("mail", Kind::kText, "text")};
    plan->fields.back().pg_type = "citext";
    const std::string alias = sandbox_.Name("places");
    engine_->CreateIndex(alias + "-000001", engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias, {}, alias + "-000001");
    engine::BulkBody bulk(alias);
    const auto add = [&](const std::string& id, const std::string& rest) {
      bulk.Index(id, R"({"id":)" + id + "," + rest + R"(,"__id":")" + id + R"("})", 1);
    };
    add("1", R"("name":"Café Marienplatz","price":10,"opened":"2024-03-30T23:30:00Z",)"
             R"("at":{"lat":48.137,"lon":11.575},"mail":"Anna@Example.org",)"
             R"("open":{"gte":"2024-05-01","lt":"2024-06-01"})");
    add("2", R"("name":"Café Augsburg","price":50,"opened":"2024-03-31T00:30:00Z",)"
             R"("at":{"lat":48.371,"lon":10.898},"mail":"BERT@example.org",)"
             R"("open":{"gte":"2024-07-01","lt":"2024-08-01"})");
    add("3", R"("name":"Fiji bar","price":null,"opened":null,"at":{"lat":-17.8,"lon":178.5})");
    add("4", R"("name":"Samoa bar","price":120,"opened":"2024-04-30T23:00:00Z",)"
             R"("at":{"lat":-13.8,"lon":-171.8})");
    add("5", R"("name":"Nowhere","price":99.5,"opened":"2023-12-31T23:59:59Z","at":null)");
    EXPECT_TRUE(engine_->Bulk(bulk, std::chrono::seconds(30)).all_done);
    engine_->Refresh(alias);
    (*set_)["places"] = {plan, alias, "live"};
    Restart();
  }

  std::vector<std::string> Found(const std::string& filter, const std::string& more = "") {
    const http::Response answer =
        Send("/v1/places/search?filter=" + http::Encode(filter) + "&" + more);
    EXPECT_EQ(answer.status, 200) << filter << answer.body;
    std::vector<std::string> ids;
    if (answer.status != 200) return ids;
    const json::Value value = json::Parse(answer.body);
    for (const json::Value& hit : value.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  }

  std::vector<std::string> Body(const std::string& filter) {
    const http::Response answer = Send("/v1/places/search", R"({"filter":)" + filter + "}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> ids;
    if (answer.status != 200) return ids;
    const json::Value value = json::Parse(answer.body);
    for (const json::Value& hit : value.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  }
};

TEST_F(ApiShapingTest, FindsInBoxesAndPolygonsAcrossTheDateLine) {
  EXPECT_THAT(Found("at WITHIN (48.137, 11.575, 5km)"), ElementsAre("1"));
  EXPECT_THAT(Found("at WITHIN BOX (48.3, 11.3, 48.0, 11.8)"), ElementsAre("1"));
  EXPECT_THAT(Found("at WITHIN BOX (-10, 170, -20, -170)"), UnorderedElementsAre("3", "4"));
  EXPECT_THAT(Found("at WITHIN POLYGON ((48.1, 11.5), (48.2, 11.5), (48.1, 11.7))"),
              ElementsAre("1"));
  EXPECT_THAT(Found("at WITHIN POLYGON ((-10, 170), (-10, -170), (-20, -170), (-20, 170))"),
              UnorderedElementsAre("3", "4"));
  EXPECT_THAT(Found("at WITHIN POLYGON ((-10, 170), (-10, 179), (-20, 179), (-20, 170))"),
              ElementsAre("3"));
  EXPECT_THAT(Found("NOT at WITHIN BOX (90, -180, 0, 180)"), UnorderedElementsAre("3", "4"));
  EXPECT_THAT(Body(R"({"at":{"within_box":{"top":48.3,"left":11.3,"bottom":48,"right":11.8}}})"),
              ElementsAre("1"));
  EXPECT_THAT(Body(R"({"at":{"within_polygon":[[48.1,11.5],[48.2,11.5],[48.1,11.7]]}})"),
              ElementsAre("1"));
  for (const char* wrong : {"at WITHIN BOX (48, 11, 49, 12)", "at WITHIN POLYGON ((1,1),(2,2))",
                            "at WITHIN BOX (1,2,3)", "at WITHIN POLYGON ((1,1),(2,2),(91,0))",
                            "name WITHIN BOX (2,1,1,2)"}) {
    EXPECT_EQ(Send("/v1/places/count?filter=" + http::Encode(wrong)).status, 400) << wrong;
  }
}

TEST_F(ApiShapingTest, HighlightsHaveFragmentsAndATag) {
  const std::string body =
      Send(
          "/v1/places/search?q=marienplatz&highlight=name&highlight_fragments=0&highlight_tag=mark")
          .body;
  EXPECT_THAT(body, HasSubstr("Café <mark>Marienplatz</mark>"));
  for (const char* wrong :
       {"highlight_tag=%3Cb", "highlight_tag=", "highlight_size=1", "highlight_fragments=-1"}) {
    EXPECT_EQ(Send(std::string("/v1/places/search?q=x&highlight=name&") + wrong).status, 400)
        << wrong;
  }
}

TEST_F(ApiShapingTest, FiltersTakeTheHabitsOfPeople) {
  EXPECT_THAT(Found("name = 'Café Augsburg'"), ElementsAre("2"));
  EXPECT_THAT(Found("opened < now-1d AND opened >= 2024-01-01").size(), 3U);
  EXPECT_THAT(Found("opened > now"), ElementsAre());
  EXPECT_THAT(Found("opened <= now/d").size(), 4U);
  EXPECT_THAT(Found("opened >= 1711843200").size(), 2U) << "seconds";
  EXPECT_THAT(Found("opened >= 1711843200000").size(), 2U) << "milliseconds";
  EXPECT_THAT(Found("open CONTAINS 2024-05-01"), ElementsAre("1"));
  EXPECT_THAT(Found("open CONTAINS 2024-06-01"), ElementsAre());
  EXPECT_THAT(Found("open BETWEEN 2024-05-20 AND 2024-07-01"), ElementsAre("1", "2"));
  EXPECT_THAT(Found("mail = 'anna@example.org' OR mail IN ['bert@EXAMPLE.org']").size(), 2U);
  EXPECT_THAT(Found("mail STARTS WITH 'anna@'"), ElementsAre("1"));
  EXPECT_THAT(Body(R"({"price":50})"), ElementsAre("2"));
  EXPECT_THAT(Body(R"({"opened":{"gte":1711843200000}})").size(), 2U);
  const std::string refused =
      Send("/v1/places/count?filter=" + http::Encode("id = 1 AND AND id = 2")).body;
  EXPECT_THAT(refused, HasSubstr(R"("offset":11)"));
  EXPECT_EQ(Send("/v1/places/count?filter=" + http::Encode("OR = 1")).status, 400);
  EXPECT_EQ(Send("/v1/places/count?filter=" + http::Encode("opened > now-3x")).status, 400);
  EXPECT_EQ(Send("/v1/places/count?filter=" + http::Encode("name = 'x")).status, 400);
}

}  // namespace
}  // namespace pgsluice::api
