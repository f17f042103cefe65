#include "api/mcp/mcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/mcp/mcp_tools.h"
#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"

namespace pgsluice::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class McpTest : public ::testing::Test {
 protected:
  /// Returns the answer to a message; asked_ records the requests to REST.
  json::Value Send(const std::string& message, const std::string& version = "") {
    Request request;
    request.credentials = "key";
    request.body = message;
    const auto ask = [this](const Request& rest) {
      asked_.push_back(rest);
      return rest_;
    };
    const auto has_route = [this](std::string_view pattern) { return pattern != missing_; };
    const Response response = AnswerMcp(request, version, ask, has_route);
    status_ = response.status;
    return response.body.empty() ? json::Value() : json::Parse(response.body);
  }
  json::Value Call(const std::string& tool, const std::string& arguments) {
    return Send(R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":")" + tool +
                R"(","arguments":)" + arguments + "}}");
  }

  void Answer(int status, const std::string& body) {
    rest_.status = status;
    rest_.body = body;
  }
  void SetUp() override { Answer(200, R"({"hits":[]})"); }

  Response rest_;
  std::string missing_;  ///< A route that the API does not have.
  std::vector<Request> asked_;
  int status_ = 0;
};

TEST_F(McpTest, AgreesOnAVersion) {
  const auto version = [&](const std::string& asked) {
    return Send(R"({"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":")" +
                asked + R"("}})")
        .Find({"result", "protocolVersion"})
        ->text;
  };
  EXPECT_EQ(version("2025-06-18"), "2025-06-18");
  EXPECT_EQ(version("1999-01-01"), "2025-11-25");
  EXPECT_THROW(Send(R"({"jsonrpc":"2.0","id":1,"method":"ping"})", "1999-01-01"), query::Problem);
}

TEST_F(McpTest, NotificationsAreAccepted) {
  Send(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  EXPECT_EQ(status_, 202);
}

TEST_F(McpTest, ListsToolsThatHaveARoute) {
  const auto names = [&] {
    const json::Value answer = Send(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
    std::vector<std::string> found;
    for (const json::Value& tool : answer.Find({"result", "tools"})->items) {
      found.push_back(tool.Find("name")->text);
      EXPECT_EQ(tool.Find({"inputSchema", "type"})->text, "object");
    }
    return found;
  };
  EXPECT_THAT(names(), ElementsAre("list_indexes", "search", "get", "facets", "similar"));
  missing_ = "/v1/{index}/docs/{id}/similar";
  EXPECT_THAT(names(), ElementsAre("list_indexes", "search", "get", "facets"));
}

TEST_F(McpTest, ToolsAreRequestsWithTheCallersCredentials) {
  const json::Value found = Call("search", R"({"index":"items","q":"pen","sort":["id"]})");
  EXPECT_FALSE(found.Find({"result", "isError"})->boolean);
  EXPECT_EQ(found.Find({"result", "content"})->items[0].Find("text")->text, R"({"hits":[]})");
  EXPECT_NE(found.Find({"result", "structuredContent", "hits"}), nullptr);
  EXPECT_EQ(asked_[0].method, "POST");
  EXPECT_EQ(asked_[0].credentials, "key");
  EXPECT_THAT(asked_[0].segments, ElementsAre("v1", "items", "search"));
  EXPECT_EQ(asked_[0].body, R"({"q":"pen","sort":["id"]})");
  Call("facets", R"({"index":"items","field":"tags.label","size":3,"q":"pen"})");
  EXPECT_THAT(asked_[1].segments, ElementsAre("v1", "items", "facets", "tags.label"));
  EXPECT_THAT(asked_[1].parameters, ElementsAre(Pair("size", "3"), Pair("q", "pen")));
  Call("get", R"({"index":"items","id":"a/b","fields":["id","name"]})");
  EXPECT_THAT(asked_[2].segments, ElementsAre("v1", "items", "docs", "a/b"));
  EXPECT_THAT(asked_[2].parameters, ElementsAre(Pair("fields", "id,name")));
  Call("similar", R"({"index":"items","id":"1"})");
  EXPECT_THAT(asked_[3].segments, ElementsAre("v1", "items", "docs", "1", "similar"));
  Call("list_indexes", "{}");
  EXPECT_THAT(asked_[4].segments, ElementsAre("v1", "indexes"));
}

TEST_F(McpTest, AProblemIsAnAnswerThatCanBeRead) {
  Answer(400, R"({"code":"unknown_field"})");
  const json::Value answer = Call("search", R"({"index":"items","filter":"nmae = x"})");
  EXPECT_TRUE(answer.Find({"result", "isError"})->boolean);
  EXPECT_THAT(answer.Find({"result", "content"})->items[0].Find("text")->text,
              HasSubstr("unknown_field"));
}

TEST_F(McpTest, RefusesWhatIsNotACall) {
  EXPECT_THROW(Send("nonsense"), query::Problem);
  EXPECT_THROW(Send("[]"), query::Problem);
  EXPECT_EQ(*Call("destroy", "{}").Find({"error", "code"})->AsInt(), -32602);
  EXPECT_EQ(*Call("get", R"({"index":"items"})").Find({"error", "code"})->AsInt(), -32602);
  EXPECT_EQ(*Call("get", R"({"index":"","id":"1"})").Find({"error", "code"})->AsInt(), -32602);
  EXPECT_EQ(*Call("get", R"({"index":{},"id":"1"})").Find({"error", "code"})->AsInt(), -32602);
  EXPECT_EQ(
      *Send(R"({"jsonrpc":"2.0","id":1,"method":"prompts/list"})").Find({"error", "code"})->AsInt(),
      -32601);
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace pgsluice::api
