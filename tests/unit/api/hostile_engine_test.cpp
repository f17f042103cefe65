#include "unit/api/service_fixture.h"

/// Answers that no correct engine gives: a caller gets 502 engine_error or well-formed JSON, and
/// neither the stack nor the memory of the process is exhausted.
namespace pgsluice::api {
namespace {

std::string Times(std::size_t count, const std::string& text) {
  std::string out;
  out.reserve(count * text.size());
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string Hits(const std::string& hits, const std::string& more = "") {
  return R"({"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"failed":0},)"
         R"("hits":{"total":{"value":1,"relation":"eq"},"hits":[)" +
         hits + "]}" + more + "}";
}

std::string Hit(const std::string& source) {
  return R"({"_id":"1","_score":null,"_source":)" + source + R"(,"sort":["1"]})";
}

const std::vector<std::pair<std::string, std::string>> kRequests = {
    {"/v1/projects/search?numbers=string&facets=level&per_page=1", ""},
    {"/v1/projects/search?q=x", ""},
    {"/v1/projects/docs/1?numbers=string", ""},
    {"/v1/projects/docs/mget", R"({"ids":["1"],"numbers":"string"})"},
    {"/v1/projects/count", ""},
    {"/v1/projects/suggest?field=title&q=a", ""},
    {"/v1/projects/facets/level", ""},
    {"/v1/projects/export?numbers=string", ""},
    {"/v1/instantsearch", R"([{"indexName":"projects","params":{"facets":["level"]}}])"},
};

class HostileEngineTest : public ServiceFixture {
 protected:
  void Answer(const std::string& text) {
    engine_->answer = [text](const http::Request&) { return text; };
  }
};

TEST_F(HostileEngineTest, WhatIsNotJsonIsAnEngineError) {
  const std::string whole = Hits(Hit(R"({"id":1,"title":"x"})"));
  std::vector<std::string> answers = {
      "",          "<html>",
      "[",         "null garbage",
      whole + "x", whole.substr(0, whole.size() - 1),
      "\xff\xfe",  R"({"hits":{"hits":[{"_id":"1","_source":{"id":1)",
  };
  for (std::size_t length = 1; length < whole.size(); length += 7) {
    answers.push_back(whole.substr(0, length));
  }
  for (const std::string& answer : answers) {
    Answer(answer);
    for (const auto& [path, body] : kRequests) {
      EXPECT_EQ(CodeOf(Ask(path, body)), "502 engine_error") << path << " for " << answer;
    }
  }
}

TEST_F(HostileEngineTest, DepthIsBounded) {
  for (const char* bracket : {"[", R"({"title":)"}) {
    const std::string closing = *bracket == '[' ? "]" : "}";
    const std::string deep = Times(100'000, bracket) + "1" + Times(100'000, closing);
    for (const std::string& answer :
         {Hits(Hit(R"({"id":)" + deep + "}")), Hits(Hit(deep)), R"({"aggregations":)" + deep + "}",
          R"({"count":)" + deep + "}", deep}) {
      Answer(answer);
      for (const auto& [path, body] : kRequests) {
        EXPECT_EQ(CodeOf(Ask(path, body)), "502 engine_error") << path;
      }
    }
  }
}

TEST_F(HostileEngineTest, ManyValuesDoNotBecomeMuchMemory) {
  const std::string many = "[" + Times(3'000'000, "[],") + "[]]";
  Answer(R"({"aggregations":{"f0":{"v":{"buckets":)" + many + "}}}}");
  EXPECT_EQ(CodeOf(Ask("/v1/projects/facets/level")), "502 engine_error");
  Answer(R"({"count":1,"x":)" + many + "}");
  EXPECT_EQ(CodeOf(Ask("/v1/projects/count")), "502 engine_error");
  Answer(R"({"x":)" + many + "}");
  EXPECT_EQ(CodeOf(Ask("/v1/projects/docs/1")), "404 document_not_found");
}

/// Well-formed, but with other types than the engine's; the result must still be JSON.
TEST_F(HostileEngineTest, OtherTypesNeverMakeBrokenJson) {
  const std::vector<std::string> values = {"1", "\"x\"", "[]", "{}", "null", "true", R"(["a",{}])"};
  for (const std::string& value : values) {
    for (const std::string& answer :
         {Hits(value), Hits(Hit(value)), R"({"hits":{"hits":)" + value + "}}",
          R"({"hits":)" + value + "}", R"({"count":)" + value + "}", R"({"_source":)" + value + "}",
          R"({"aggregations":)" + value + "}",
          Hits("", R"(,"aggregations":{"f0":{"v":{"buckets":[{"key":)" + value +
                       R"(,"doc_count":)" + value + R"(}],"sum_other_doc_count":)" + value +
                       R"(},"s":{"min":)" + value + "}}}"),
          R"({"hits":{"total":{"value":)" + value + R"(},"hits":[]}})",
          R"({"hits":{"total":1,"hits":[{"_id":)" + value + R"(,"_source":{},"sort":)" + value +
              "}]}}"}) {
      Answer(answer);
      for (const auto& [path, body] : kRequests) {
        const HttpResponse response = Ask(path, body);
        if (response.stream) continue;
        EXPECT_NO_THROW(json::Parse(response.body)) << path << " for " << answer << "\n"
                                                    << response.body;
        EXPECT_NE(response.status, 500) << path << " for " << answer << "\n" << response.body;
      }
    }
  }
}

}  // namespace
}  // namespace pgsluice::api
