#include "pgsluice/query/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/query/answer.h"
#include "pgsluice/query/cursor.h"
#include "pgsluice/query/cursor_values.h"
#include "pgsluice/query/problem.h"
#include "pgsluice/query/search_body.h"
#include "unit/query/plan_fixture.h"

namespace pgsluice::query {
namespace {

std::string CodeOf(const Parameters& parameters) {
  try {
    ReadParameters(parameters, kSearchParameters);
  } catch (const Problem& mistake) {
    return mistake.code();
  }
  return "none";
}

TEST(RequestTest, ParametersAndBodyMeanTheSame) {
  const Schema schema(SamplePlan(), {"secret"}, 1);
  const SearchRequest get = ReadParameters({{"q", "dev"},
                                            {"q.fields", "title^3,owner.name"},
                                            {"filter", "id = 1"},
                                            {"filter", "level = 2"},
                                            {"facets", "status,tags"},
                                            {"facet.status", "live"},
                                            {"facet.status", "draft"},
                                            {"sort", "created_at:desc:nulls_first,title"},
                                            {"page", "2"},
                                            {"per_page", "5"},
                                            {"count", "exact"}},
                                           kSearchParameters);
  const SearchRequest post =
      ReadBody(json::Parse(R"({"q":"dev","q_fields":{"title":3,"owner.name":1},
        "filter":{"id":{"eq":1},"level":{"eq":2}},"facets":["status","tags"],
        "facet_filters":{"status":["live","draft"]},"sort":["created_at:desc:nulls_first","title"],
        "page":2,"per_page":5,"count":"exact"})"),
               kSearchParameters);
  EXPECT_EQ(SearchBody({schema, get, {}, false, {}}), SearchBody({schema, post, {}, false, {}}));
  EXPECT_NO_THROW(json::Parse(SearchBody({schema, get, {}, false, {}})));
}

TEST(RequestTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(CodeOf({{"qq", "x"}}), "unknown_parameter");
  EXPECT_EQ(CodeOf({{"per_page", "101"}}), "limit_exceeded");
  EXPECT_EQ(CodeOf({{"per_page", "x"}}), "invalid_parameter");
  EXPECT_EQ(CodeOf({{"page", "0"}}), "invalid_parameter");
  EXPECT_EQ(CodeOf({{"page", "1"}, {"page", "2"}}), "invalid_parameter");
  EXPECT_EQ(CodeOf({{"q", std::string(257, 'x')}}), "limit_exceeded");
  EXPECT_EQ(CodeOf({{"sort", "a,b,c,d,e"}}), "limit_exceeded");
  EXPECT_EQ(CodeOf({{"wait", "31s"}}), "limit_exceeded");
  EXPECT_EQ(CodeOf({{"cursor", "x"}, {"page", "1"}}), "invalid_parameter");
}

TEST(RequestTest, NothingIsFailOpen) {
  const auto refused = [](const std::string& body) -> Mistake {
    try {
      ReadBody(json::Parse(body), kSearchParameters);
    } catch (const Problem& mistake) {
      return mistake.mistakes().at(0);
    }
    return {};
  };
  for (const char* tree :
       {R"({"match_all":{}})", R"({"and":[{}]})", R"({"or":[{}]})", R"({"":{}})", R"({"title":{}})",
        R"({"exists":{}})", R"({"not":{}})", R"({"and":[]})", R"({"or":[]})",
        R"({"orders":{"any":{}}})", R"({"title":{"eq":"x"},"level":{}})", "{}"}) {
    const Mistake mistake = refused(std::string(R"({"filter":)") + tree + "}");
    EXPECT_EQ(mistake.code, "invalid_filter") << tree;
    EXPECT_EQ(mistake.parameter, "filter") << tree;
    EXPECT_TRUE(mistake.offset) << tree;
  }
  EXPECT_EQ(refused(R"({"facets":{"title":1}})").code, "invalid_parameter");
  EXPECT_EQ(refused(R"({"facets":{"title":1}})").offset, 19U);
  EXPECT_EQ(refused(R"({"facets":{"title":{"sizes":1}}})").code, "unknown_parameter");
}

/// What an attacker who could sign would send: only values for the sort are accepted.
TEST(CursorTest, HoldsScalarsOfTheSortAndNothingElse) {
  const Schema schema(SamplePlan(), {});
  const SearchRequest request = ReadParameters({{"sort", "level,title,status"}}, kSearchParameters);
  const SearchInput input{schema, request, {}, false, {}};
  const std::string types = R"("short text ordinal __id ")";
  EXPECT_EQ(CursorPayload(input, R"([ 1, "x" ,2,"7"])"), "[" + types + R"(,1,"x",2,"7"])");
  EXPECT_EQ(SearchAfter(input, "[" + types + R"(,12345678901234567890,null,2,"7"])"),
            R"([12345678901234567890,null,2,"7"])");
  for (const char* values :
       {R"(1,"x",2)", R"(1,"x",2,"7","8")", R"("1","x",2,"7")", R"(1,2,2,"7")", R"(1,"x",2,7)",
        R"([1],"x",2,"7")", R"({"a":1},"x",2,"7")", R"(1,"x",2,"7"],"aggs":{"a":{}},"x":[1)"}) {
    EXPECT_THROW(SearchAfter(input, "[" + types + "," + values + "]"), Problem) << values;
    EXPECT_THROW(CursorPayload(input, std::string("[") + values + "]"), Error) << values;
  }
  for (const char* payload : {"", "1", "{}", "[]", "[1]", "null", R"(["short text"])"}) {
    EXPECT_THROW(SearchAfter(input, payload), Problem) << payload;
  }
}

TEST(CursorTest, KeysRotate) {
  const CursorKeys before({"old"});
  const CursorKeys between({"new", "old"});
  const CursorKeys later({"newer", "new"});
  const std::string cursor = before.Seal("x", "b");
  EXPECT_EQ(between.Open(cursor, "b"), "x");
  EXPECT_FALSE(before.KnowsKeyOf(between.Seal("x", "b")));
  EXPECT_TRUE(later.KnowsKeyOf(between.Seal("x", "b")));
  try {
    later.Open(cursor, "b");
    FAIL() << "opened";
  } catch (const Problem& mistake) {
    EXPECT_EQ(mistake.status(), 410);
    EXPECT_EQ(mistake.code(), "cursor_expired");
  }
}

TEST(CursorTest, BelongsToItsSearch) {
  const CursorKeys keys({"key"});
  const std::string cursor = keys.Seal(R"([1.5,"a"])", "search");
  EXPECT_EQ(keys.Open(cursor, "search"), R"([1.5,"a"])");
  EXPECT_THROW(keys.Open(cursor, "other"), Problem);
  EXPECT_THROW(CursorKeys({"other"}).Open(cursor, "search"), Problem);
  EXPECT_THROW(keys.Open("x" + cursor, "search"), Problem);
  EXPECT_THROW(keys.Open("", "search"), Problem);
}

TEST(ProjectionTest, CopiesDigitsAndDropsWhatIsNotShown) {
  const Schema schema(SamplePlan(), {"secret"}, 1);
  const std::string document =
      R"({"id": 9007199254740993,"title":"a","secret":"s","__id":"1","__raw:profile":{"__x":1},)"
      R"("owner":{"name":"n","__enum":{}},"orders":[{"state":"x","total":1.50}]})";
  std::string out;
  Projection(schema, {}, false).Append(out, document);
  EXPECT_EQ(out, R"({"id":9007199254740993,"title":"a","profile":{"__x":1},"owner":{"name":"n"},)"
                 R"("orders":[{"state":"x","total":1.50}]})");
  out.clear();
  Projection(schema, {"id", "orders.state"}, true).Append(out, document);
  EXPECT_EQ(out, R"({"id":"9007199254740993","orders":[{"state":"x"}]})");
  EXPECT_THROW(Projection(schema, {"secret"}, false), Problem);
}

TEST(AnswerTest, SplicesHits) {
  const Schema schema(SamplePlan(), {}, 0);
  SearchRequest request;
  request.per_page = 1;
  request.facets.push_back({"live", 10});
  const SearchInput input{schema, request, {}, false, {}};
  std::string out = "{";
  const AnswerFacts facts = AppendAnswer(
      out,
      R"({"took":3,"timed_out":false,"_shards":{"failed":0},"hits":{"total":{"value":1,"relation":"eq"},"max_score":null,"hits":[{"_index":"x","_id":"1","_score":null,"_source":{"id":1},"sort":["1"]}]},"aggregations":{"f0":{"doc_count":1,"v":{"sum_other_doc_count":0,"buckets":[{"key":1,"key_as_string":"true","doc_count":1}]}}}})",
      input, Projection(schema, {}, false));
  EXPECT_EQ(
      out,
      R"({"hits":[{"id":"1","score":null,"document":{"id":1}}],"total":{"value":1,"relation":"eq"},"facets":{"live":{"values":[{"value":true,"count":1}],"other":0}})");
  EXPECT_EQ(facts.engine_ms, 3);
  EXPECT_EQ(facts.last_sort, R"(["1"])");
  EXPECT_THROW(AppendAnswer(out, "<html>", input, Projection(schema, {}, false)), Error);
  EXPECT_THROW(AppendAnswer(out, R"({"hits":{"hits":[{"_source":{"id":1},"_id":"1"}]}})", input,
                            Projection(schema, {}, false)),
               Error);
}

}  // namespace
}  // namespace pgsluice::query
