#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/query/did_you_mean.h"
#include "pgsluice/query/merge.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/similar.h"
#include "unit/query/plan_fixture.h"

/// Similar documents, merged lists and proposals: what is requested, and how the answer is used.
namespace pgsluice::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Places = std::vector<std::pair<std::size_t, std::size_t>>;

TEST(SimilarTest, ComparesVisibleTextsOnly) {
  const Schema schema(SamplePlan(), {"secret"}, 1);
  const SearchRequest request = ReadParameters(
      {{"filter", "level = 1"}, {"per_page", "5"}, {"page", "2"}}, kSimilarParameters);
  const std::string body = SimilarBody(
      {schema, request, {}, false, {}}, "a\"b",
      R"({"title":"x \"y\"","secret":"hush","tags":["t",null,"u"],"owner":{"name":"n"},)"
      R"("profile":{"a":1,"a":2},"level":1})");
  EXPECT_THAT(body, HasSubstr(R"("must_not":[{"ids":{"values":["a\"b"]}}])"));
  EXPECT_THAT(body, HasSubstr(R"("fields":["title"],"like":["x \"y\""])"));
  EXPECT_THAT(body, HasSubstr(R"("fields":["tags"],"like":["t","u"])"));
  EXPECT_THAT(body, HasSubstr(R"("fields":["owner.name"],"like":["n"])"));
  EXPECT_THAT(body, HasSubstr(R"("size":5,"from":5)"));
  EXPECT_THAT(body, HasSubstr(R"({"term":{"level":1}})"));
  EXPECT_THAT(body, Not(HasSubstr("hush")));
  EXPECT_NO_THROW(json::Parse(body));
  EXPECT_THAT(SimilarBody({schema, request, {}, false, {}}, "1", R"({"level":1})"),
              HasSubstr(R"("must":[{"match_none":{}}])"))
      << "nothing is like a document without texts";
}

MergedHit HitOf(double score, const std::string& sort = "[]") {
  return {"", score, json::Parse(sort).items};
}

TEST(MergeTest, RanksByScoreTimesWeight) {
  const std::vector<MergedList> lists = {{1, {HitOf(5), HitOf(1)}}, {2, {HitOf(2), HitOf(0.5)}}};
  EXPECT_EQ(Merge(lists, MergeBy::kScore, {}, 3), (Places{{0, 0}, {1, 0}, {0, 1}}));
  EXPECT_EQ(Merge(lists, MergeBy::kScore, {}, 9).size(), 4U);
  EXPECT_EQ(Merge({}, MergeBy::kScore, {}, 9), Places{});
}

TEST(MergeTest, TakesTurnsWithoutScores) {
  const MergedList three{1, {HitOf(0), HitOf(0), HitOf(0)}};
  EXPECT_EQ(Merge({three, three}, MergeBy::kPlace, {}, 4),
            (Places{{0, 0}, {1, 0}, {0, 1}, {1, 1}}));
  EXPECT_EQ(Merge({three, {3, three.hits}}, MergeBy::kPlace, {}, 4),
            (Places{{1, 0}, {1, 1}, {0, 0}, {1, 2}}));
}

TEST(MergeTest, ComparesSortValues) {
  const auto order = [](const std::string& a, const std::string& b, SearchRequest::Sort key) {
    const std::vector<MergedList> lists = {{1, {HitOf(0, "[" + a + R"(,"1"])")}},
                                           {1, {HitOf(0, "[" + b + R"(,"1"])")}}};
    return Merge(lists, MergeBy::kSort, {key}, 1).at(0).first;
  };
  const SearchRequest::Sort up{"x"}, down{"x", true}, first{"x", false, true};
  EXPECT_EQ(order("9007199254740993", "9007199254740992", up), 1U) << "all digits count";
  EXPECT_EQ(order("9007199254740993", "9007199254740992", down), 0U);
  EXPECT_EQ(order("1.5", "\"Infinity\"", up), 0U);
  EXPECT_EQ(order("null", "\"a\"", up), 1U);
  EXPECT_EQ(order("null", "\"a\"", down), 1U) << "nulls come last in both directions";
  EXPECT_EQ(order("\"a\"", "null", first), 1U);
  EXPECT_EQ(order("\"Z\"", "\"a\"", up), 0U) << "bytes are compared";
  EXPECT_EQ(order("1", "1", up), 0U);
}

TEST(MergeTest, ReadsHitsWithoutTheirSortValues) {
  const auto hits = ReadMergedHits(
      R"({"hits":[{"id":"1","score":2.5,"document":{"sort":[1]},"sort":[3,"1"]}],"total":null})");
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_EQ(hits[0].json, R"({"id":"1","score":2.5,"document":{"sort":[1]})");
  EXPECT_EQ(hits[0].score, 2.5);
  EXPECT_EQ(hits[0].sort.size(), 2U);
}

TEST(ProposalTest, ReplacesOrLeavesOutWhatIsNotFound) {
  const auto proposals = [](const std::string& counts, const std::string& suggest) {
    return Proposals(
        R"({"aggregations":{"parts":{"buckets":)" + counts + R"(}},"suggest":)" + suggest + "}",
        {"gadern", "tools"});
  };
  const std::string unknown = R"([{"doc_count":0},{"doc_count":3}])";
  EXPECT_THAT(
      proposals(unknown,
                R"({"s0_0":[{"options":[{"text":"garden","score":0.6,"freq":1},)"
                R"({"text":"warden","score":0.6,"freq":9},{"text":"Gadern","score":1}]}]})"),
      ElementsAre("garden tools", "warden tools", "tools"));
  EXPECT_THAT(proposals(unknown, R"({"s0_0":[{"options":[]},{"options":[]}]})"),
              ElementsAre("tools"));
  EXPECT_THAT(proposals(R"([{"doc_count":2},{"doc_count":3}])", "{}"),
              ElementsAre("tools", "gadern"))
      << "each is found, but not both together";
  EXPECT_THAT(proposals("[]", "{}"), ElementsAre());
}

TEST(ProposalTest, AsksForCloseWordsOfVisibleFields) {
  const Schema schema(SamplePlan(), {"title"}, 0);
  SearchRequest request;
  request.q = "a\"b c\" -d gadern";
  const std::vector<std::string> parts = MisspeltParts(request.q);
  const std::string body = CloseWordsBody({schema, request, {}, false, {}}, parts);
  EXPECT_NO_THROW(json::Parse(body));
  EXPECT_THAT(body, HasSubstr(R"({"text":"gadern","term":{"field":"tags")"));
  EXPECT_THAT(body, Not(HasSubstr("title")));
  EXPECT_THAT(MisspeltParts("a b c d e f g h i"), ElementsAre());
}

}  // namespace
}  // namespace pgsluice::query
