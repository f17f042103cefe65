#include "pgsluice/query/ranking.h"

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
using ::testing::Not;

config::Boost Field(const std::string& path, const std::string& modifier, double weight = 1) {
  config::Boost boost;
  boost.field = path;
  boost.modifier = modifier;
  boost.weight = weight;
  return boost;
}

config::Boost Recency(const std::string& path, const std::string& half_life) {
  config::Boost boost;
  boost.recency = path;
  boost.half_life = half_life;
  return boost;
}

config::Boost Filter(const std::string& text, double weight) {
  config::Boost boost;
  boost.filter = text;
  boost.weight = weight;
  return boost;
}

config::Rule RuleFor(const std::string& q, const std::string& match = "exact") {
  config::Rule rule;
  rule.q = q;
  rule.match = match;
  rule.pin = {q};
  return rule;
}

/// A search under a configuration.
class RankingTest : public ::testing::Test {
 protected:
  std::string Body(const std::string& parameters) {
    ranking_ = ReadBoosts(search_.ranking);
    request_ = ReadBody(json::Parse("{" + parameters + "}"), kSearchParameters);
    rules_ = Rules(search_).For(request_.q);
    return SearchBody(Input());
  }
  SearchInput Input() const {
    return {schema_, request_, {}, false, {}, {}, {}, {&ranking_, &rules_, 1700000000123}};
  }

  config::Search search_;
  Schema schema_{SamplePlan(), {"secret"}};
  std::vector<Boost> ranking_;
  SearchRequest request_;
  RuleEffect rules_;
};

TEST_F(RankingTest, MultipliesTheScoreOfTheText) {
  search_.ranking = {Field("level", "log1p", 2), Recency("created_at", "30d"),
                     Filter("status = live", 3)};
  const std::string body = Body(R"("q":"tools")");
  EXPECT_THAT(body, HasSubstr(R"("must":[{"function_score":{"query":{"bool")"));
  EXPECT_THAT(body, HasSubstr(R"("functions":[{"weight":1},{"filter":{"range":{"level":{"gt":0}}},)"
                              R"("field_value_factor":{"field":"level","modifier":"log1p",)"
                              R"("missing":0},"weight":0.2})"));
  EXPECT_THAT(body, HasSubstr(R"({"filter":{"range":{"created_at":{"lte":"2023-11-14T)"));
  EXPECT_THAT(body, HasSubstr(R"("scale":"2592000s","decay":0.5}},"weight":0.1})"));
  EXPECT_THAT(body, HasSubstr(R"({"filter":{"range":{"created_at":{"gt":"2023-11-14T)"));
  EXPECT_THAT(body, HasSubstr(R"("score_mode":"sum","boost_mode":"multiply","max_boost":1e15)"));
}

TEST_F(RankingTest, OrdersAllDocumentsIfNothingElseDoes) {
  search_.ranking = {Field("level", "none")};
  const std::string body = Body("");
  EXPECT_THAT(body, HasSubstr(R"("query":{"match_all":{}})"));
  EXPECT_THAT(body, HasSubstr(R"("weight":1}],"score_mode":"sum","boost_mode":"replace")"));
  EXPECT_THAT(body, HasSubstr(R"("sort":[{"_score":"desc"},{"__id":"asc"}])"));
  EXPECT_THAT(Body(R"("sort":"id")"), Not(HasSubstr("function_score")));
  EXPECT_THAT(CountBody(Input()), Not(HasSubstr("function_score")));
}

TEST_F(RankingTest, LeavesOutWhatDoesNotFitTheIndex) {
  search_.ranking = {Field("nothing", "none"), Field("title", "none"),
                     Field("orders.total", "none"), Recency("level", "1d"),
                     Filter("nothing = 1", 1)};
  EXPECT_THAT(Body(R"("q":"tools")"), Not(HasSubstr("function_score")));
  for (const Boost& boost : ranking_) {
    if (boost.by == Boost::By::kFilter) {
      EXPECT_THROW(CheckBoost(boost, schema_), Problem);
    } else {
      EXPECT_TRUE(CheckBoost(boost, schema_).has_value()) << boost.path;
    }
  }
}

TEST_F(RankingTest, RulesCompareWordsWithoutCaseAndAccents) {
  search_.rules = {RuleFor("Café Crème"), RuleFor("creme", "contains"),
                   RuleFor("cafe", "starts_with"), RuleFor("スマホ", "contains")};
  const Rules rules(search_);
  const auto pins = [&](const std::string& q) { return rules.For(q).pinned; };
  EXPECT_THAT(pins("  CAFE  creme"), ElementsAre("Café Crème", "creme", "cafe"));
  EXPECT_THAT(pins("\"cafe creme\""), ElementsAre("Café Crème", "creme", "cafe"));
  EXPECT_THAT(pins("old crème"), ElementsAre("creme"));
  EXPECT_THAT(pins("cafe au lait"), ElementsAre("cafe"));
  EXPECT_THAT(pins("cafes"), ElementsAre()) << "words are whole";
  EXPECT_THAT(pins("lait -creme"), ElementsAre()) << "what is excluded is not asked for";
  EXPECT_THAT(pins("cafe creme -sugar"), ElementsAre("creme", "cafe"));
  EXPECT_THAT(pins("新型スマホケース"), ElementsAre("スマホ"));
  EXPECT_THAT(pins(""), ElementsAre());
}

TEST_F(RankingTest, PinsStandUnderEveryFilter) {
  config::Rule rule = RuleFor("tools");
  rule.pin = {"7", "42"};
  rule.hide = {"13"};
  rule.filter = "live = true";
  search_.rules = {rule};
  const std::string body = Body(R"("q":"tools","filter":"level = 1")");
  EXPECT_THAT(body,
              HasSubstr(R"({"query":{"bool":{"filter":[{"bool":{"filter":[{"term":{"level")"));
  EXPECT_THAT(body, HasSubstr(R"({"term":{"live")"));
  EXPECT_THAT(body, HasSubstr(R"({"bool":{"must_not":[{"ids":{"values":["13"]}}]}})"));
  EXPECT_THAT(body,
              HasSubstr(R"({"constant_score":{"filter":{"ids":{"values":["7"]}},"boost":2e+30}})"));
  EXPECT_THAT(
      body, HasSubstr(R"({"constant_score":{"filter":{"ids":{"values":["42"]}},"boost":1e+30}})"));
  EXPECT_THAT(CountBody(Input()), HasSubstr(R"({"ids":{"values":["7","42"]}})"));
}

TEST_F(RankingTest, PinsComeFirstInOtherOrdersToo) {
  search_.rules = {RuleFor("tools")};
  EXPECT_THAT(
      Body(R"("q":"tools","sort":"level")"),
      HasSubstr(R"("sort":[{"_score":"desc"},{"level":{"order":"asc","missing":"_last"}},)"));
  EXPECT_EQ(SortTypes(Input()).front().name, "_pin");
  EXPECT_THAT(
      Body(R"("q":"tools","sort":"level,_score")"),
      HasSubstr(R"("sort":[{"level":{"order":"asc","missing":"_last"}},{"_score":"desc"},)"));
  EXPECT_THAT(Body(R"("q":"garden")"), Not(HasSubstr("ids"))) << "no rule for it";
}

TEST_F(RankingTest, ARuleThatDoesNotFitFindsNothing) {
  config::Rule rule = RuleFor("tools");
  rule.filter = "nothing = 1";
  search_.rules = {rule};
  EXPECT_THAT(Body(R"("q":"tools")"), HasSubstr(R"("filter":[{"match_none":{}}])"));
}

TEST_F(RankingTest, CursorsKeepTheTimeThatAgesAreCountedFrom) {
  search_.ranking = {Recency("created_at", "1h")};
  Body(R"("q":"tools")");
  const std::string payload = CursorPayload(Input(), R"([1.25,"7"])");
  EXPECT_EQ(CursorTime(payload), 1700000000123);
  EXPECT_EQ(SearchAfter(Input(), payload), R"([1.25,"7"])");
}

}  // namespace
}  // namespace pgsluice::query
