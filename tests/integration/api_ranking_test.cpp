// The order of hits: scores and distances as sort keys, ranking, rules, explanations.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "pgsluice/base/digest.h"
#include "pgsluice/json/writer.h"
#include "support/api_fixture.h"

namespace pgsluice::api {
namespace {

using plan::Kind;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;

class ApiRankingTest : public ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    auto plan = std::make_shared<plan::Plan>();
    plan->name = "goods";
    plan->config.name = "goods";
    plan->fields = {query::MakeField("id", Kind::kInteger, "integer"),
                    query::MakeField("title", Kind::kText, "text"),
                    query::MakeField("body", Kind::kText, "text"),
                    query::MakeField("brand", Kind::kKeyword, "keyword"),
                    query::MakeField("popularity", Kind::kInteger, "long"),
                    query::MakeField("created_at", Kind::kDate, "date"),
                    query::MakeField("in_stock", Kind::kBool, "boolean"),
                    query::MakeField("at", Kind::kGeoPoint, "geo_point")};
    plan->config.search.fields = {{"title", 3}, {"body", 1}};
    alias_ = sandbox_.Name("goods");
    engine_->CreateIndex(alias_ + "-000001", engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias_, {}, alias_ + "-000001");
    (*set_)["goods"] = {plan, alias_, "live"};
    config::Index index;
    index.name = "goods";
    index.search = plan->config.search;
    config_.indexes = {index};
    Add("1", R"("title":"Phone","brand":"apple","popularity":0,"created_at":"2020-01-01",)"
             R"("in_stock":true,"at":{"lat":48.137,"lon":11.575})");
    Add("2", R"("title":"Phone","brand":"nokia","popularity":1000,"created_at":null,)"
             R"("in_stock":true,"at":{"lat":48.371,"lon":10.898})");
    Add("3", R"("title":"Phone","brand":"apple","popularity":null,"created_at":"2999-01-01",)"
             R"("in_stock":false,"at":{"lat":-17.8,"lon":178.5})");
    Add("4", R"("title":"Phone","brand":"sony","popularity":-5,"created_at":"1950-01-01",)"
             R"("in_stock":null,"at":null)");
    Add("5", R"("title":"Phones","brand":"apple","popularity":1000000,"in_stock":true)");
    Add("6", R"("title":"Phobe","brand":"apple","popularity":1000000,"in_stock":true)");
    Add("7", R"("title":"Garden table","brand":"oak","popularity":7,"in_stock":true)");
    engine_->Refresh(alias_);
    Restart();
  }

  void Add(const std::string& id, const std::string& rest) {
    engine::BulkBody bulk(alias_);
    bulk.Index(id, R"({"id":)" + id + "," + rest + R"(,"__id":")" + id + R"("})", 1);
    EXPECT_TRUE(engine_->Bulk(bulk, std::chrono::seconds(30)).all_done);
  }

  config::Search& search() { return config_.indexes.back().search; }
  void Rank(const std::string& field, const std::string& modifier, double weight = 1) {
    config::Boost boost;
    boost.field = field;
    boost.modifier = modifier;
    boost.weight = weight;
    search().ranking.push_back(boost);
  }
  config::Rule& Rule(const std::string& q) {
    config::Rule& rule = search().rules.emplace_back();
    rule.q = q;
    return rule;
  }

  json::Value Ask(const std::string& parameters, http::Headers headers = {}) {
    const http::Response answer = Send("/v1/goods/search?" + parameters, "", std::move(headers));
    EXPECT_EQ(answer.status, 200) << parameters << answer.body;
    return answer.status == 200 ? json::Parse(answer.body) : json::Parse(R"({"hits":[]})");
  }
  static std::vector<std::string> IdsOf(const json::Value& answer) {
    std::vector<std::string> ids;
    for (const json::Value& hit : answer.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  }
  std::vector<std::string> Found(const std::string& parameters) { return IdsOf(Ask(parameters)); }
  /// Returns all ids, using cursors from page to page.
  std::vector<std::string> Walk(const std::string& parameters) {
    std::vector<std::string> ids;
    std::string cursor;
    for (int page = 0; page < 20; ++page) {
      const json::Value answer =
          Ask(parameters + (cursor.empty() ? "" : "&cursor=" + http::Encode(cursor)));
      for (const std::string& id : IdsOf(answer)) ids.push_back(id);
      const json::Value* next = answer.Find({"page", "next_cursor"});
      if (next == nullptr || !next->IsString()) return ids;
      cursor = next->text;
    }
    ADD_FAILURE() << "the cursor does not come to an end";
    return ids;
  }
  /// Returns all ids, using page numbers.
  std::vector<std::string> Pages(const std::string& parameters, int count) {
    std::vector<std::string> ids;
    for (int page = 1; page <= count; ++page) {
      for (const std::string& id : Found(parameters + "&page=" + std::to_string(page))) {
        ids.push_back(id);
      }
    }
    return ids;
  }

  std::string alias_;
};

TEST_F(ApiRankingTest, SortsByDistance) {
  const std::string near = "sort=distance(at,%2048.137,%2011.575)";
  const json::Value answer = Ask(near);
  EXPECT_THAT(IdsOf(answer), ElementsAre("1", "2", "3", "4", "5", "6", "7"));
  const auto& hits = answer.Find("hits")->items;
  EXPECT_EQ(hits[0].Find("distance_m")->text, "0");
  EXPECT_NEAR(*hits[1].Find("distance_m")->AsDouble(), 56000, 1000);
  EXPECT_TRUE(hits[3].Find("distance_m")->IsNull());
  EXPECT_THAT(Walk(near + "&per_page=2"), ElementsAre("1", "2", "3", "4", "5", "6", "7"));
  EXPECT_THAT(Walk(near + ":desc&per_page=1"), ElementsAre("3", "2", "1", "4", "5", "6", "7"));
  EXPECT_THAT(Walk(near + ":desc:nulls_first&per_page=2"),
              ElementsAre("4", "5", "6", "7", "3", "2", "1"));
  EXPECT_THAT(Walk(near + ":asc:nulls_first,id:desc&per_page=3"),
              ElementsAre("7", "6", "5", "4", "1", "2", "3"));
  const json::Value far = Ask(near + ":desc");
  EXPECT_NEAR(*far.Find("hits")->items[1].Find("distance_m")->AsDouble(),
              *hits[1].Find("distance_m")->AsDouble(), 1);
  EXPECT_EQ(Send("/v1/goods/search?sort=distance(title,1,2)").status, 400);
  EXPECT_EQ(Send("/v1/goods/search?sort=distance(nothing,1,2)").status, 400);
}

TEST_F(ApiRankingTest, InstantSearchSortsByDistanceToo) {
  const auto found = [this](const std::string& params) {
    const http::Response answer = Send(
        "/v1/instantsearch", R"({"requests":[{"indexName":"goods","params":{)" + params + "}}]}");
    std::string ids;
    if (answer.status != 200) return std::to_string(answer.status) + answer.body;
    const json::Value parsed = json::Parse(answer.body);
    for (const json::Value& hit : parsed.Find("results")->items[0].Find("hits")->items) {
      ids += hit.Find("objectID")->text;
    }
    return ids;
  };
  EXPECT_EQ(found(R"("aroundLatLng":"48.371, 10.898")"), "2134567");
  EXPECT_EQ(found(R"("aroundLatLng":"48.371,10.898","aroundRadius":100000)"), "21");
  EXPECT_EQ(found(R"("aroundLatLng":"48.371,10.898","aroundRadius":"all","query":"table")"), "7");
  EXPECT_EQ(found(R"("insideBoundingBox":[[48.3,11.8,48.0,11.3]])"), "1");
  EXPECT_EQ(found(R"("insideBoundingBox":"48.3,11.3,48.0,11.8")"), "1");
  EXPECT_EQ(found(R"("insideBoundingBox":[[-10,-170,-20,170],[48.3,11.8,48.0,11.3]])"), "13");
  EXPECT_EQ(found(R"("insidePolygon":[[48.1,11.5,48.2,11.5,48.1,11.7]])"), "1");
  for (const char* wrong :
       {R"("aroundLatLng":"48")", R"("aroundLatLng":"91,1")", R"("aroundRadius":5)",
        R"("insidePolygon":"1,2,3,4")", R"("insideBoundingBox":[[1,2,3]])",
        R"("aroundLatLng":"1,1","aroundRadius":"near")"}) {
    EXPECT_THAT(found(wrong), ::testing::StartsWith("400")) << wrong;
  }
}

TEST_F(ApiRankingTest, MixesScoresWithFields) {
  EXPECT_THAT(Walk("q=phone&typos=0&sort=_score,popularity:desc&per_page=2"),
              ElementsAre("2", "1", "4", "3", "5"));
  EXPECT_THAT(Walk("q=phone&typos=0&sort=brand,_score:desc&per_page=2"),
              ElementsAre("1", "3", "5", "2", "4"));
  EXPECT_THAT(Found("q=phone&typos=0&sort=_score:asc&per_page=1"), ElementsAre("5"));
  EXPECT_THAT(Found("sort=_score,id:desc&per_page=2"), ElementsAre("7", "6"));
}

TEST_F(ApiRankingTest, RanksDocumentsThatMatchEquallyWell) {
  Rank("popularity", "log1p");
  Restart();
  EXPECT_THAT(Walk("q=phone&per_page=2"), ElementsAre("2", "1", "3", "4", "5", "6"))
      << "whole words before beginnings before typos, whatever the ranking";
  EXPECT_THAT(Found("q=phone&sort=id:desc&typos=0"), ElementsAre("5", "4", "3", "2", "1"));
  EXPECT_THAT(Found("per_page=4"), ElementsAre("5", "6", "2", "7")) << "without words, it orders";
}

TEST_F(ApiRankingTest, NoModifierFailsForAnyNumber) {
  Add("8", R"("title":"Phone","popularity":9223372036854775807)");
  engine_->Refresh(alias_);
  for (const char* modifier :
       {"none", "log1p", "log2p", "ln1p", "ln2p", "log", "ln", "sqrt", "square", "reciprocal"}) {
    search().ranking.clear();
    Rank("popularity", modifier, 1000);
    Restart();
    const std::vector<std::string> ids = Found("q=phone&typos=0");
    EXPECT_EQ(ids.size(), 6U) << modifier;
    const bool up = modifier != std::string("reciprocal");
    EXPECT_EQ(ids.front(), up ? "8" : "2") << modifier;
  }
}

TEST_F(ApiRankingTest, NewDocumentsComeFirst) {
  config::Boost boost;
  boost.recency = "created_at";
  boost.half_life = "3650d";
  search().ranking = {boost};
  Restart();
  EXPECT_THAT(Walk("q=phone&typos=0&prefix=false&per_page=1"), ElementsAre("3", "1", "4", "2"))
      << "no date counts as nothing, one in the future as now";
}

TEST_F(ApiRankingTest, RulesPinHideBoostAndFilter) {
  config::Rule& rule = Rule("PHÓNE");
  rule.pin = {"7", "no such", "3"};
  rule.hide = {"6"};
  config::Boost nokia;
  nokia.filter = "brand = nokia";
  nokia.weight = 5;
  rule.boost = {nokia};
  Restart();
  const std::vector<std::string> expected = {"7", "3", "2", "1", "4", "5"};
  const json::Value answer = Ask("q=phone&count=exact&facets=brand");
  EXPECT_THAT(IdsOf(answer), ElementsAreArray(expected));
  EXPECT_EQ(answer.Find({"total", "value"})->text, "6");
  const auto& hits = answer.Find("hits")->items;
  EXPECT_TRUE(hits[0].Find("pinned")->boolean);
  EXPECT_TRUE(hits[0].Find("score")->IsNull());
  EXPECT_EQ(hits[2].Find("pinned"), nullptr);
  for (int size = 1; size <= 4; ++size) {
    const std::string one = "q=phone&per_page=" + std::to_string(size);
    EXPECT_THAT(Walk(one), ElementsAreArray(expected)) << size;
    EXPECT_THAT(Pages(one, 7), ElementsAreArray(expected)) << size;
    EXPECT_THAT(Walk(one + "&sort=id:desc"), ElementsAre("7", "3", "5", "4", "2", "1")) << size;
    EXPECT_THAT(Walk(one + "&sort=brand,_score"), ElementsAre("1", "3", "5", "2", "7", "4"));
  }
  EXPECT_THAT(Send("/v1/goods/count?q=phone").body, HasSubstr(R"("count":6)"));
  EXPECT_THAT(Found("q=phone&filter=brand%20=%20apple"), ElementsAre("3", "1", "5"));
  EXPECT_THAT(Found("q=phone&facet.brand=apple"), ElementsAre("3", "1", "5"));
  EXPECT_THAT(Found("q=phone%20garden"), ElementsAre()) << "no rule for other words";
  rule.filter = "in_stock = true";
  rule.match = "contains";
  Restart();
  EXPECT_THAT(Walk("q=phone&per_page=2"), ElementsAre("7", "2", "1", "5"));
}

TEST_F(ApiRankingTest, APinShowsNothingThatAPolicyHides) {
  Rule("phone").pin = {"7", "2", "4"};
  config::Policy policy;
  policy.indexes["goods"].filter = "in_stock = true AND brand != oak";
  policy.indexes["goods"].hidden = {"popularity"};
  policy.explain = true;
  config_.auth.policies["shop"] = policy;
  config_.auth.keys = {{"shop", base::Sha256("pgsluice_secret"), "shop", ""}};
  Rank("popularity", "log1p");
  Restart();
  const http::Headers key = {{"X-Api-Key", "pgsluice_secret"}};
  const json::Value answer = Ask("q=phone&typos=0&count=exact&explain=true", key);
  EXPECT_THAT(IdsOf(answer), ElementsAre("2", "1", "5"));
  EXPECT_EQ(answer.Find({"total", "value"})->text, "3");
  EXPECT_THAT(json::ToText(answer), Not(HasSubstr("popularity")));
  EXPECT_THAT(json::ToText(answer), HasSubstr("a boost of the configuration"));
  const std::string body = R"({"searches":[{"index":"goods","q":"phone","typos":"0"}]})";
  const json::Value multi = json::Parse(Send("/v1/multi-search", body, key).body);
  EXPECT_THAT(IdsOf(multi.Find("results")->items[0]), ElementsAre("2", "1", "5"));
  const std::string instant =
      R"({"requests":[{"indexName":"goods","params":{"query":"phone","typoTolerance":false}},)"
      R"({"indexName":"goods","params":{"query":"phone","enableRules":false,)"
      R"("typoTolerance":false}}]})";
  const std::string found = Send("/v1/instantsearch", instant, key).body;
  EXPECT_THAT(found, AllOf(HasSubstr(R"("hits":[{"objectID":"2")"), HasSubstr(R"("nbHits":3)"),
                           Not(HasSubstr(R"("objectID":"7")"))));
}

TEST_F(ApiRankingTest, ExplainsEachHitInWords) {
  Rank("popularity", "log1p");
  config::Boost boost;
  boost.filter = "brand = nokia";
  boost.weight = 2;
  search().ranking.push_back(boost);
  Rule("phone").pin = {"7"};
  Restart();
  const json::Value answer = Ask("q=phone&explain=true");
  for (const json::Value& hit : answer.Find("hits")->items) {
    double sum = 0;
    for (const json::Value& part : hit.Find("explanation")->items) {
      sum += part.Find("score")->AsDouble().value_or(-1000);
      EXPECT_FALSE(part.Find("detail")->text.empty());
      EXPECT_FALSE(part.Find("part")->text.empty());
    }
    const double score = hit.Find("score")->AsDouble().value_or(0);
    EXPECT_NEAR(sum, score, score * 0.001) << json::ToText(hit);
  }
  const std::string text = json::ToText(answer);
  EXPECT_THAT(text, HasSubstr("a rule puts it first, as number 1 of 1"));
  EXPECT_THAT(text, HasSubstr("'phone' in title, the whole word"));
  EXPECT_THAT(text, HasSubstr("'phobe' in title, one letter off 'phone'"));
  EXPECT_THAT(text, HasSubstr("begins with 'phone'"));
  EXPECT_THAT(text, HasSubstr("popularity is 1000, log1p makes 3 of it; weight 1"));
  EXPECT_THAT(text, HasSubstr("popularity is empty, which adds nothing"));
  EXPECT_THAT(text, HasSubstr("meets brand = nokia; weight 2"));
  EXPECT_THAT(json::ToText(Ask("explain=true")), HasSubstr("no words were asked for"));
  EXPECT_THAT(json::ToText(Ask("q=phone&sort=id&explain=true")), HasSubstr("sorted by id"));
  EXPECT_EQ(Ask("q=phone").Find("hits")->items[0].Find("explanation"), nullptr);
}

TEST_F(ApiRankingTest, ExplainNeedsAPolicyThatAllowsIt) {
  config_.auth.policies["shop"].indexes["*"];
  config_.auth.anonymous = "shop";
  Restart();
  EXPECT_EQ(Send("/v1/goods/search?q=phone&explain=true").status, 403);
  EXPECT_EQ(Send("/v1/goods/search?q=phone&explain=false").status, 200);
  config_.auth.policies["shop"].explain = true;
  Restart();
  EXPECT_EQ(Send("/v1/goods/search?q=phone&explain=true").status, 200);
}

}  // namespace
}  // namespace pgsluice::api
