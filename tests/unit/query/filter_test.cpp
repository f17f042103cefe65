#include "pgsluice/query/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/query/filter_dsl.h"
#include "pgsluice/query/problem.h"
#include "unit/query/plan_fixture.h"

namespace pgsluice::query {
namespace {

std::string Translate(std::string_view text) {
  const Schema schema(SamplePlan(), {"secret"});
  return TranslateFilter(ParseFilter(text), schema).Text();
}

std::string TranslateTree(std::string_view text) {
  const Schema schema(SamplePlan(), {"secret"});
  return TranslateFilter(ParseFilterTree(json::Parse(text)), schema).Text();
}

Problem Refused(std::string_view text) {
  try {
    Translate(text);
  } catch (const Problem& problem) {
    return problem;
  }
  ADD_FAILURE() << "accepted: " << text;
  return {500, "none", ""};
}

const std::string kAll = R"({"match_all":{}})";
const std::string kNone = R"({"match_none":{}})";

TEST(FilterTest, ComparesScalars) {
  EXPECT_EQ(Translate("id = 7"), R"({"term":{"id":7}})");
  EXPECT_EQ(Translate("title = \"a \\\"b\\\"\""), R"({"term":{"title.keyword":"a \"b\""}})");
  EXPECT_EQ(Translate("price >= 10.50"), R"({"range":{"price":{"gte":10.5}}})");
  EXPECT_EQ(Translate("live = true"), R"({"term":{"live":true}})");
  EXPECT_EQ(Translate("title in [a, b]"), R"({"terms":{"title.keyword":["a","b"]}})");
  EXPECT_EQ(
      Translate("created_at < 2024-02-01T01:00:00+02:00"),
      R"({"range":{"created_at":{"lt":"2024-01-31T23:00:00.000Z","format":"strict_date_optional_time"}}})");
  EXPECT_EQ(Translate("title STARTS WITH De"), R"({"prefix":{"title.keyword":{"value":"De"}}})");
  EXPECT_EQ(Translate("profile.a.b = x"), R"({"term":{"profile.a.b":"x"}})");
}

TEST(FilterTest, AddressesAreAddresses) {
  EXPECT_EQ(Translate("address = 10.0.0.1"), R"({"term":{"address":"10.0.0.1"}})");
  EXPECT_EQ(Translate("address > ::1"), R"({"range":{"address":{"gt":"::1"}}})");
  for (const char* text : {"0.5", "10.0.0.256", "1:2", "10.0.0.0/8", ""}) {
    EXPECT_EQ(Refused("address = \"" + std::string(text) + "\"").code(), "invalid_filter") << text;
  }
}

TEST(FilterTest, EmptyIsTrue) { EXPECT_EQ(Translate("  "), kAll); }

TEST(FilterTest, NegationDoesNotFindNulls) {
  const std::string expected =
      R"({"bool":{"filter":[{"exists":{"field":"id"}},{"bool":{"must_not":[{"term":{"id":7}}]}}]}})";
  EXPECT_EQ(Translate("id != 7"), expected);
  EXPECT_EQ(Translate("NOT id = 7"), expected);
  EXPECT_EQ(Translate("NOT id != 7"), R"({"term":{"id":7}})");
  EXPECT_EQ(Translate("NOT NOT id = 7"), R"({"term":{"id":7}})");
  EXPECT_EQ(Translate("id IS NULL"), R"({"bool":{"must_not":[{"exists":{"field":"id"}}]}})");
  EXPECT_EQ(Translate("NOT id IS NULL"), R"({"exists":{"field":"id"}})");
  EXPECT_EQ(Translate("NOT (id = 7 AND level = 1)"),
            R"({"bool":{"minimum_should_match":1,"should":[)" + expected + "," +
                Translate("level != 1") + "]}}");
}

TEST(FilterTest, IntegersAreExact) {
  EXPECT_EQ(Translate("id > 1e30"), kNone);
  EXPECT_EQ(Translate("id < 1e30"), R"({"exists":{"field":"id"}})");
  EXPECT_EQ(Translate("id = 9223372036854775807"), R"({"term":{"id":9223372036854775807}})");
  EXPECT_EQ(Translate("id = 9223372036854775808"), kNone);
  EXPECT_EQ(Translate("id >= -9223372036854775809"), R"({"exists":{"field":"id"}})");
  EXPECT_EQ(Translate("id = 1.5"), kNone);
  EXPECT_EQ(Translate("id = 1.0"), R"({"term":{"id":1}})");
  EXPECT_EQ(Translate("id < 1.5"), R"({"range":{"id":{"lte":1}}})");
  EXPECT_EQ(Translate("id > -1.5"), R"({"range":{"id":{"gt":-2}}})");
  EXPECT_EQ(Translate("id >= 1.5e1"), R"({"range":{"id":{"gte":15}}})");
  EXPECT_EQ(Translate("level > 40000"), kNone);
  EXPECT_EQ(Translate("level <= 40000"), R"({"exists":{"field":"level"}})");
  EXPECT_EQ(Translate("price = 1e999"), kNone);
}

TEST(FilterTest, EnumsCompareInDeclaredOrder) {
  EXPECT_EQ(Translate("status < live"), R"({"terms":{"status":["draft"]}})");
  EXPECT_EQ(Translate("status >= live"), R"({"terms":{"status":["live","archived"]}})");
  EXPECT_EQ(Translate("status < draft"), kNone);
  const Problem problem = Refused("status = lve");
  EXPECT_EQ(problem.mistakes()[0].offset, 9U);
  EXPECT_THAT(problem.mistakes()[0].allowed, testing::ElementsAre("draft", "live", "archived"));
}

TEST(FilterTest, ToManyIsNeverUnknown) {
  EXPECT_EQ(Translate("tags != oss"), R"({"bool":{"must_not":[{"term":{"tags.keyword":"oss"}}]}})");
  EXPECT_EQ(Translate("NOT tags = oss"), Translate("tags != oss"));
  EXPECT_EQ(Translate("orders.total > 5"),
            R"({"nested":{"path":"orders","query":{"range":{"orders.total":{"gt":5}}}}})");
  EXPECT_EQ(
      Translate("orders.total IS NULL"),
      R"({"bool":{"must_not":[{"nested":{"path":"orders","query":{"exists":{"field":"orders.total"}}}}]}})");
}

TEST(FilterTest, OneValueLiesBetween) {
  EXPECT_EQ(Translate("tags BETWEEN a AND c"),
            R"({"range":{"tags.keyword":{"gte":"a","lte":"c"}}})");
  EXPECT_EQ(Translate("status BETWEEN live AND archived"),
            R"({"terms":{"status":["live","archived"]}})");
  EXPECT_EQ(Translate("level BETWEEN 1.5 AND 99999"), R"({"range":{"level":{"gt":1}}})");
  EXPECT_EQ(Translate("level BETWEEN 99999 AND 1"), kNone);
  EXPECT_EQ(Translate("level BETWEEN -99999 AND 99999"), R"({"exists":{"field":"level"}})");
}

TEST(FilterTest, OneElementMeetsAll) {
  const std::string both =
      R"({"nested":{"path":"orders","query":{"bool":{"filter":[{"term":{"orders.state":"sent"}},{"range":{"orders.total":{"gte":9}}}]}}}})";
  EXPECT_EQ(Translate("orders[state = sent AND total >= 9]"), both);
  EXPECT_EQ(TranslateTree(R"({"orders":{"any":{"state":{"eq":"sent"},"total":{"gte":9}}}})"), both);
  EXPECT_EQ(TranslateTree(R"({"orders":{"none":{"state":{"eq":"sent"},"total":{"gte":9}}}})"),
            R"({"bool":{"must_not":[)" + both + "]}}");
  EXPECT_EQ(Refused("tags[x = 1]").code(), "invalid_filter");
  EXPECT_EQ(Refused("orders[id = 1]").code(), "unknown_field");
}

TEST(FilterTest, TreesMeanWhatExpressionsMean) {
  EXPECT_EQ(TranslateTree(R"({"and":[{"status":{"eq":"live"}},{"price":{"gte":10,"lt":50}},
                             {"or":[{"tags":{"in":["a","b"]}},{"not":{"id":{"between":[1,2]}}}]}]})"),
            Translate("status = live AND (price >= 10 AND price < 50) AND "
                      "(tags IN [a, b] OR NOT id BETWEEN 1 AND 2)"));
  EXPECT_EQ(TranslateTree(R"({"owner.name":{"is_null":false}})"), Translate("owner.name EXISTS"));
}

TEST(FilterTest, MistakesHavePlaceAndSuggestion) {
  const Problem unknown = Refused("id = 1 AND onwer.name = x");
  EXPECT_EQ(unknown.code(), "unknown_field");
  EXPECT_EQ(unknown.mistakes()[0].offset, 11U);
  EXPECT_THAT(unknown.what(), testing::HasSubstr("did you mean 'owner.name'?"));
  EXPECT_EQ(Refused("id ~ 1").mistakes()[0].offset, 3U);
  EXPECT_EQ(Refused("id = ").mistakes()[0].offset, 5U);
  EXPECT_EQ(Refused("id = x").mistakes()[0].offset, 5U);
  EXPECT_EQ(Refused("id = 1 title = 2").mistakes()[0].offset, 7U);
  EXPECT_EQ(Refused("id = \"1").mistakes()[0].offset, 5U);
  EXPECT_EQ(Refused("live > true").code(), "invalid_filter");
  EXPECT_THAT(Refused("live > true").mistakes()[0].allowed, testing::Contains("="));
  EXPECT_EQ(Refused("created_at = 2024-13-01").code(), "invalid_filter");
}

TEST(FilterTest, HiddenFieldsDoNotExist) {
  const Problem hidden = Refused("secret = x");
  EXPECT_EQ(hidden.code(), "unknown_field");
  EXPECT_THAT(hidden.mistakes()[0].allowed, testing::Not(testing::Contains("secret")));
  EXPECT_THAT(Refused("secre = x").what(), testing::Not(testing::HasSubstr("secret")));
}

TEST(FilterTest, LimitsHold) {
  std::string many = "id = 1";
  for (int i = 1; i < 100; ++i) many += " OR id = 1";
  EXPECT_NO_THROW(Translate(many));
  EXPECT_EQ(Refused(many + " OR id = 1").code(), "limit_exceeded");
  EXPECT_NO_THROW(Translate(std::string(8, '(') + "id = 1" + std::string(8, ')')));
  EXPECT_EQ(Refused(std::string(9, '(') + "id = 1" + std::string(9, ')')).code(), "limit_exceeded");
  std::string list = "id IN [1";
  for (int i = 1; i < 1000; ++i) list += ",1";
  EXPECT_NO_THROW(Translate(list + "]"));
  EXPECT_EQ(Refused(list + ",1]").code(), "limit_exceeded");
}

TEST(FilterTest, ClaimsAreTypedValues) {
  const Schema schema(SamplePlan(), {});
  const auto with = [&](std::string_view filter, const std::string& claims) {
    const json::Value object = json::Parse(claims);
    const Expr expr = WithClaims(ParseFilter(filter, {"filter", true}),
                                 [&](const std::string& name) { return object.Find(name); });
    return TranslateFilter(expr, schema).Text();
  };
  EXPECT_EQ(with("title = ${claims.t}", R"({"t":"x\" OR id = 1"})"),
            R"({"term":{"title.keyword":"x\" OR id = 1"}})");
  EXPECT_EQ(with("title = ${claims.t}", R"({"t":["x"]})"), kNone);
  EXPECT_EQ(with("title != ${claims.t}", R"({"t":["x"]})"), kNone);
  EXPECT_EQ(with("title IN ${claims.t}", R"({"t":"x"})"), kNone);
  EXPECT_EQ(with("title NOT IN ${claims.t}", R"({"t":"x"})"), kNone);
  EXPECT_EQ(with("title IN ${claims.t}", R"({"t":["x","y"]})"),
            R"({"terms":{"title.keyword":["x","y"]}})");
  EXPECT_THROW(with("title = ${claims.t}", "{}"), Problem);
  EXPECT_EQ(Refused("title = ${claims.t}").code(), "invalid_filter");
}

}  // namespace
}  // namespace pgsluice::query
