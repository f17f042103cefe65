#include "pgsluice/query/facets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/query/distinct.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/request.h"
#include "unit/query/plan_fixture.h"

namespace pgsluice::query {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FacetsTest : public ::testing::Test {
 protected:
  std::string Aggregation(const std::string& facet, const FacetContext& context = {}) {
    const std::vector<Facet> facets = ReadFacets(json::Parse("[" + facet + "]"), true);
    return FacetAggregation(schema_, facets.at(0), {}, context);
  }
  std::string Answer(const std::string& facet, const std::string& aggregation) {
    const std::vector<Facet> facets = ReadFacets(json::Parse("[" + facet + "]"), true);
    return FacetJson(json::Parse(aggregation), *schema_.Find(facets.at(0).path), facets.at(0));
  }

  Schema schema_{SamplePlan(), {}};
};

TEST_F(FacetsTest, QueryAndBodyMeanTheSame) {
  const SearchRequest get = ReadParameters({{"facets", "status,price"},
                                            {"facet_size.status", "3"},
                                            {"facet_sort.status", "value"},
                                            {"facet_missing.status", "true"},
                                            {"facet_ranges.price", "..50,50..100,100.."},
                                            {"facet_interval.created_at", "month"},
                                            {"facet_timezone.created_at", "Europe/Berlin"}},
                                           kSearchParameters);
  const SearchRequest post =
      ReadBody(json::Parse(
                   R"({"facets":[{"field":"status","size":3,"sort":"value","missing":true},
          {"field":"price","ranges":[{"to":50},{"from":50,"to":100},{"from":100,"to":null}]},
          {"field":"created_at","interval":"month","timezone":"Europe/Berlin"}]})"),
               kSearchParameters);
  EXPECT_EQ(SearchBody({schema_, get, {}, false, {}}), SearchBody({schema_, post, {}, false, {}}));
}

TEST_F(FacetsTest, RangesAreFiltersThatIncludeTheirBeginning) {
  const std::string body = Aggregation(R"({"field":"price","ranges":["..50","50..100"]})");
  EXPECT_THAT(body, HasSubstr(R"("0":{"range":{"price":{"lt":50}}})"));
  EXPECT_THAT(body, HasSubstr(R"("1":{"range":{"price":{"gte":50,"lt":100}}})"));
  EXPECT_THAT(body, HasSubstr(R"("s":{"stats":{"field":"price"}})"));
  const std::string nested = Aggregation(R"({"field":"orders.total","ranges":["1..2"]})");
  EXPECT_THAT(nested, HasSubstr(R"("v":{"filters":{"filters":{"0":{"nested":{"path":"orders")"))
      << "the documents of the root are counted";
  EXPECT_THAT(nested, HasSubstr(R"("n":{"nested":{"path":"orders"},"aggs":{"s":)"));
}

TEST_F(FacetsTest, IntervalsHaveATimeZone) {
  EXPECT_THAT(
      Aggregation(R"({"field":"created_at","interval":"month","timezone":"Europe/Berlin"})"),
      HasSubstr(R"("date_histogram":{"field":"created_at","min_doc_count":1,)"
                R"("time_zone":"Europe/Berlin","calendar_interval":"month"})"));
  EXPECT_THAT(Aggregation(R"({"field":"level","interval":10})"),
              HasSubstr(R"("histogram":{"field":"level","min_doc_count":1,"interval":10})"));
  EXPECT_THAT(Aggregation(R"({"field":"orders.total","interval":"2.5"})"),
              HasSubstr(R"("interval":2.5},"aggs":{"r":{"reverse_nested":{}}})"));
}

TEST_F(FacetsTest, CountsGroupsIfDistinctIsAsked) {
  const FacetContext context{.distinct = R"({"x":{}})"};
  EXPECT_THAT(Aggregation(R"("orders.state")", context),
              HasSubstr(R"("order":[{"r>d":"desc"},{"_key":"asc"}]},"aggs":{"r":)"));
  EXPECT_THAT(Aggregation(R"("tags")", context),
              HasSubstr(R"("order":[{"d":"desc"},{"_key":"asc"}]},"aggs":{"d":{"x":{}}}})"));
  EXPECT_EQ(
      Answer(R"({"field":"tags","size":1})", R"({"v":{"sum_other_doc_count":0,"buckets":[)"
                                             R"({"key":"a","doc_count":9,"d":{"value":3}},)"
                                             R"({"key":"b","doc_count":4,"d":{"value":2}}]}})"),
      R"({"values":[{"value":"a","count":3}],"other":2})");
}

TEST_F(FacetsTest, AnswersBucketsMissingAndStats) {
  EXPECT_EQ(Answer(R"({"field":"price","missing":true,"ranges":["..50","5e1..100.5"]})",
                   R"({"v":{"buckets":{"0":{"doc_count":2},"1":{"doc_count":1},)"
                   R"("other":{"doc_count":7}}},"m":{"doc_count":4},)"
                   R"("s":{"count":3,"min":1.5,"max":60.0,"avg":21.0,"sum":63.0}})"),
            R"({"values":[{"value":"..50","from":null,"to":50,"count":2},)"
            R"({"value":"5e1..100.5","from":50,"to":100.5,"count":1}],"other":7,"missing":4,)"
            R"("stats":{"min":1.5,"max":60,"avg":21,"sum":63,"count":3}})");
  EXPECT_EQ(Answer(R"({"field":"created_at","interval":"day","sort":"count","size":1})",
                   R"({"v":{"buckets":[{"key":1,"key_as_string":"x","doc_count":1},)"
                   R"({"key":2,"key_as_string":"y","doc_count":2}]},)"
                   R"("s":{"count":0,"min":null,"max":null,"avg":null,"sum":0.0}})"),
            R"({"values":[{"value":"y","count":2}],"other":1,)"
            R"("stats":{"min":null,"max":null,"avg":null,"sum":null,"count":0}})");
  EXPECT_EQ(Answer(R"({"field":"status","sort":"value"})",
                   R"({"v":{"buckets":[{"key":"archived","doc_count":1},)"
                   R"({"key":"draft","doc_count":2}]}})"),
            R"({"values":[{"value":"draft","count":2},{"value":"archived","count":1}],"other":0})")
      << "labels of an enum come in their declared order";
}

TEST_F(FacetsTest, RefusesWhatHasNoMeaning) {
  for (const char* wrong :
       {R"({"field":"price","ranges":[]})", R"({"field":"price","ranges":[{}]})",
        R"({"field":"price","ranges":["5"]})", R"({"field":"price","ranges":["a..b"]})",
        R"({"field":"title","ranges":["a..b"]})", R"({"field":"price","interval":"month"})",
        R"({"field":"created_at","interval":10})", R"({"field":"price","interval":0})",
        R"({"field":"price","interval":"x"})", R"({"field":"title","interval":1})",
        R"({"field":"price","interval":1,"ranges":["1..2"]})", R"({"field":"price","sort":"x"})",
        R"({"field":"created_at","timezone":"UTC"})", R"({"field":"price","missing":1})",
        R"({"field":"created_at","interval":"day","timezone":"\"}"})", R"({"fields":"price"})", "1",
        R"({"field":"price","size":0})", R"({"field":"price","ranges":[{"from":true}]})"}) {
    EXPECT_THROW(Aggregation(wrong), Problem) << wrong;
  }
  EXPECT_THROW(ReadFacets(json::Parse(R"(["price",{"field":"price","size":1}])"), true), Problem);
  EXPECT_EQ(ReadFacets(json::Parse(R"(["price","price"])"), true).size(), 1U);
  try {
    ReadParameters({{"facet_size.price", "200"}}, kSearchParameters);
    FAIL() << "read";
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.code(), "limit_exceeded");
    EXPECT_EQ(problem.mistakes().at(0).parameter, "facet_size.price");
  }
  EXPECT_THROW(ReadParameters({{"facet_sizes.price", "2"}}, kSearchParameters), Problem);
  EXPECT_THROW(
      ReadParameters({{"facet_size.price", "2"}, {"facet_size.price", "2"}}, kSearchParameters),
      Problem);
  std::string buckets;
  for (int i = 0; i < 1001; ++i) {
    buckets += std::string(i > 0 ? "," : "") + R"({"key":1,"doc_count":1})";
  }
  EXPECT_THROW(
      Answer(R"({"field":"level","interval":1})", R"({"v":{"buckets":[)" + buckets + "]}}"),
      Problem);
}

TEST_F(FacetsTest, DistinctCollapsesAndCountsGroups) {
  SearchRequest request = ReadBody(json::Parse(R"({"distinct":"title"})"), kSearchParameters);
  const std::string body = SearchBody({schema_, request, {}, false, {}});
  EXPECT_THAT(body, HasSubstr(R"("collapse":{"field":"title.keyword"})"));
  EXPECT_THAT(body, HasSubstr(R"("terms":{"field":"title.keyword","size":10001)"));
  for (const char* wrong : {"tags", "orders.state", "live", "created_at", "profile", "nothing",
                            "owner", "address", "profile.x"}) {
    request.distinct = wrong;
    EXPECT_THROW(SearchBody({schema_, request, {}, false, {}}), Problem) << wrong;
  }
  request.distinct.clear();
  EXPECT_THAT(SearchBody({schema_, request, {}, false, {}}), Not(HasSubstr("collapse")));
}

TEST_F(FacetsTest, GroupsHaveSizes) {
  Groups groups(R"({"aggregations":{"d":{"doc_count":9,"m":{"doc_count":2},"v":{"buckets":[)"
                R"({"key":"a","doc_count":4}]}}}})");
  EXPECT_EQ(groups.total(), 2);
  EXPECT_TRUE(groups.exact());
  EXPECT_EQ(groups.Unknown(R"({"hits":{"hits":[{"_id":"1"},{"fields":{"x":["a"]}},)"
                           R"({"fields":{"x":["b\""]}}]}})"),
            R"(["b\""])");
  std::string out;
  groups.Append(out, R"({"brand.keyword":["a"]})");
  groups.Append(out, "");
  EXPECT_EQ(out, R"({"value":"a","count":4}{"value":null,"count":2})");
  EXPECT_EQ(ReadOffset(OffsetPayload(40)), 40);
  for (const char* wrong : {"", "[]", R"(["distinct"])", R"(["distinct",-1])", "[1,2]",
                            R"(["distinct","1"])", R"(["distinct",100000])"}) {
    EXPECT_THROW(ReadOffset(wrong), Problem) << wrong;
  }
}

}  // namespace
}  // namespace pgsluice::query
