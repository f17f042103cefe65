#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/config/loader.h"
#include "pgsluice/config/words.h"

namespace pgsluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Findings findings;

/// Returns the configuration of an index with this in "search".
Search Load(const std::string& text) {
  findings.clear();
  const Config config = LoadText(
      "pgsluice.json", R"({"indexes": {"goods": {"search": {)" + text + "}}}}", {},
      [](const std::string&) { return std::optional<std::string>(); }, findings);
  return config.indexes.empty() ? Search() : config.indexes.front().search;
}

/// Returns what is wrong with it, in one text.
std::string Wrong(const std::string& text) {
  Load(text);
  std::string all;
  for (const Finding& finding : findings) {
    all += finding.place + ": " + finding.message + " (" + finding.hint + ")\n";
  }
  return all;
}

TEST(SearchRulesTest, AreRead) {
  const Search search = Load(R"("ranking": [
      {"field": "popularity", "modifier": "log1p", "weight": 2},
      {"recency": "created_at", "half_life": "30d"}, {"filter": "in_stock = true", "weight": 0.5}],
    "rules": [{"q": "iphone", "pin": ["42", "7"], "hide": ["13"],
               "boost": [{"filter": "brand = apple", "weight": 5}], "filter": "in_stock = true"},
              {"q": "tv", "match": "contains", "hide": ["1"]}])");
  EXPECT_TRUE(findings.empty());
  ASSERT_EQ(search.ranking.size(), 3U);
  EXPECT_EQ(search.ranking[0].modifier, "log1p");
  EXPECT_EQ(search.ranking[1].half_life, "30d");
  EXPECT_EQ(search.ranking[1].weight, 1);
  EXPECT_EQ(search.ranking[2].weight, 0.5);
  ASSERT_EQ(search.rules.size(), 2U);
  EXPECT_EQ(search.rules[0].match, "exact");
  EXPECT_THAT(search.rules[0].pin, ElementsAre("42", "7"));
  EXPECT_EQ(search.rules[0].boost[0].filter, "brand = apple");
  EXPECT_EQ(search.rules[1].match, "contains");
}

TEST(SearchRulesTest, WhatHasNoEffectIsAMistake) {
  for (const auto& [text, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"("ranking": [{"weight": 1}])", "name one of field, recency and filter"},
           {R"("ranking": [{"field": "a", "filter": "b = 1"}])", "exclude each other"},
           {R"("ranking": [{"field": "a", "modifier": "log2"}])", "did you mean \"log2p\"?"},
           {R"("ranking": [{"filter": "a = 1", "modifier": "sqrt"}])", "on a field only"},
           {R"("ranking": [{"recency": "a"}])", "recency needs a half_life"},
           {R"("ranking": [{"field": "a", "half_life": "1d"}])", "on recency only"},
           {R"("ranking": [{"recency": "a", "half_life": "30 days"}])", "12h, 30d or 2w"},
           {R"("ranking": [{"recency": "a", "half_life": "0d"}])", "12h, 30d or 2w"},
           {R"("ranking": [{"field": "a", "weight": 0}])", "weight of 0 has no effect"},
           {R"("ranking": [{"field": "a", "weight": -1}])", "must be from 0 to 1000"},
           {R"("ranking": [{"feild": "a"}])", "did you mean \"field\"?"},
           {R"("rules": [{"q": "x"}])", "the rule does nothing"},
           {R"("rules": [{"pin": ["1"]}])", "\"q\" is missing"},
           {R"("rules": [{"q": "x", "match": "contain", "pin": ["1"]}])",
            "did you mean \"contains\"?"},
           {R"("rules": [{"q": "x", "pin": ["1"], "hide": ["1"]}])", "is pinned and hidden"},
           {R"("rules": [{"q": "x", "pin": ["1", "1"]}])", "named more than once"},
           {R"("rules": [{"q": "x", "boost": [{"weight": 2}]}])", "\"filter\" is missing"},
           {R"("rules": [{"q": "x", "boost": [{"field": "a"}]}])", "unknown key \"field\""}}) {
    EXPECT_THAT(Wrong(text), HasSubstr(expected)) << text;
    EXPECT_THAT(Wrong(text), HasSubstr("line 1")) << text;
  }
}

TEST(SearchRulesTest, HalfLivesHaveAUnit) {
  EXPECT_EQ(ParseHalfLife("30d"), std::chrono::seconds(30 * 86400));
  EXPECT_EQ(ParseHalfLife("2w"), std::chrono::seconds(14 * 86400));
  for (const char* wrong :
       {"30", "d", "-1d", "1.5d", "1y", "99999999999999999999d", "40000d x", ""}) {
    EXPECT_FALSE(ParseHalfLife(wrong)) << wrong;
  }
}

TEST(SearchRulesTest, AnOrderNamesAField) {
  EXPECT_EQ(FieldOfOrder("price:desc"), "price");
  EXPECT_EQ(FieldOfOrder("_score:desc"), "");
  EXPECT_EQ(FieldOfOrder("distance(owner.at, 48.1, 11.5):asc"), "owner.at");
}

}  // namespace
}  // namespace pgsluice::config
