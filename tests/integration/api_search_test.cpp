#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/api/server.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/json/value.h"
#include "support/engine_sandbox.h"
#include "unit/query/plan_fixture.h"

/// The REST API over HTTP on a real engine, on an index of three documents made by hand.
namespace pgsluice::api {
namespace {

using ::testing::HasSubstr;

class ApiSearchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto plan = query::SamplePlan();
    const std::string alias = sandbox_.Name("projects");
    const std::string physical = alias + "-000001";
    engine_->CreateIndex(physical, engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias, {}, physical);
    engine::BulkBody bulk(alias);
    const auto add = [&](const std::string& id, const std::string& rest) {
      bulk.Index(id, R"({"id":)" + id + "," + rest + R"(,"__id":")" + id + R"("})", 1);
    };
    add("1",
        R"("title":"The best hackathons","level":1,"price":12.50,"status":"live","tags":["oss"],)"
        R"("orders":[{"state":"sent","total":5},{"state":"new","total":90}])");
    add("2",
        R"("title":"Garden tools","level":2,"price":null,"status":"draft","tags":["oss","home"],)"
        R"("orders":[])");
    add("9007199254740993", R"("title":"Kitchen","level":null,"price":3.0,"status":"archived",)"
                            R"("tags":[],"orders":[{"state":"sent","total":90}])");
    bulk_text_ok_ = engine_->Bulk(bulk, true, std::chrono::seconds(30)).all_done;
    engine_->Refresh(alias);
    auto set = std::make_shared<IndexSet>();
    (*set)["projects"] = {plan, alias, "live"};
    Backend backend{engine_, [set] { return set; }, nullptr, config_, registry_};
    server_ = std::make_unique<Server>(backend, config::Address{"127.0.0.1", 0}, std::nullopt);
    server_->Start();
    http::ClientOptions options;
    options.urls = {"http://127.0.0.1:" + std::to_string(server_->port())};
    client_ = http::MakeClient(options);
  }

  http::Response Send(const std::string& path, const std::string& body = "") {
    http::Request request;
    request.method = body.empty() ? "GET" : "POST";
    request.path = path;
    request.body = body;
    return client_->Send(request);
  }

  /// Ids found by a filter, in the order of the answer.
  std::vector<std::string> Ids(const std::string& filter, const std::string& more = "") {
    const http::Response answer = Send("/v1/projects/search?filter=" + http::Encode(filter) + more);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> ids;
    const json::Value value = json::Parse(answer.body);
    for (const json::Value& hit : value.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  }

  pgsluice::testing::EngineSandbox sandbox_;
  config::Config config_;
  observe::Registry registry_;
  std::shared_ptr<engine::Engine> engine_ = std::make_shared<engine::Engine>(sandbox_.transport());
  std::unique_ptr<Server> server_;
  std::unique_ptr<http::Transport> client_;
  bool bulk_text_ok_ = false;
};

const std::string kBig = "9007199254740993";

TEST_F(ApiSearchTest, FiltersAsSqlDoes) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  ASSERT_TRUE(bulk_text_ok_);
  EXPECT_THAT(Ids("level != 1"), ElementsAre("2"));
  EXPECT_THAT(Ids("NOT level = 1"), ElementsAre("2"));
  EXPECT_THAT(Ids("level IS NULL"), ElementsAre(kBig));
  EXPECT_THAT(Ids("id = " + kBig), ElementsAre(kBig));
  EXPECT_THAT(Ids("id = 9007199254740992"), IsEmpty());
  EXPECT_THAT(Ids("tags != home"), ElementsAre("1", kBig));
  EXPECT_THAT(Ids("orders[state = sent AND total >= 90]"), ElementsAre(kBig));
  EXPECT_THAT(Ids("orders.state = sent AND orders.total >= 90"), ElementsAre("1", kBig));
  EXPECT_THAT(Ids("status > draft"), ElementsAre("1", kBig));
  EXPECT_THAT(Ids("title STARTS WITH \"The b\""), ElementsAre("1"));
  EXPECT_THAT(Ids("price < 1e400"), ElementsAre("1", kBig));
  EXPECT_THAT(Ids("", "&sort=price:desc"), ElementsAre("1", kBig, "2"));
  EXPECT_THAT(Ids("", "&sort=price:nulls_first"), ElementsAre("2", kBig, "1"));
}

TEST_F(ApiSearchTest, FindsWordsWithTypos) {
  const http::Response answer = Send("/v1/projects/search?q=hackathns&highlight=title");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("<em>hackathons</em>"));
  EXPECT_THAT(answer.body, HasSubstr(R"("price":12.50)"));
  EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("__id")));
}

TEST_F(ApiSearchTest, CountsFacetsOfRootDocuments) {
  const http::Response answer =
      Send("/v1/projects/search",
           R"({"facets":["orders.state","tags"],"facet_filters":{"tags":["home"]},"per_page":1})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(
      answer.body,
      HasSubstr(R"("tags":{"values":[{"value":"oss","count":2},{"value":"home","count":1}])"));
  EXPECT_THAT(answer.body, HasSubstr(R"("total":{"value":1,"relation":"eq"})"));
}

TEST_F(ApiSearchTest, CursorsWalkToTheEnd) {
  std::string path = "/v1/projects/search?sort=price:desc&per_page=1";
  std::string cursor;
  std::vector<std::string> ids;
  for (int page = 0; page < 5; ++page) {
    const json::Value answer =
        json::Parse(Send(path + (cursor.empty() ? "" : "&cursor=" + cursor)).body);
    for (const json::Value& hit : answer.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    const json::Value* next = answer.Find({"page", "next_cursor"});
    if (next->IsNull()) break;
    cursor = next->text;
  }
  EXPECT_THAT(ids, ::testing::ElementsAre("1", kBig, "2"));
  EXPECT_EQ(Send("/v1/projects/search?per_page=1&cursor=" + cursor + "x").status, 400);
}

TEST_F(ApiSearchTest, AnswersDocumentsAndProblems) {
  EXPECT_THAT(Send("/v1/projects/docs/" + kBig).body, HasSubstr("\"id\":" + kBig));
  EXPECT_THAT(Send("/v1/projects/docs/7").body, HasSubstr("document_not_found"));
  EXPECT_THAT(Send("/v1/projects/docs/mget", R"({"ids":["2","7"]})").body,
              HasSubstr(R"("missing":["7"])"));
  EXPECT_THAT(Send("/v1/projects/count").body, HasSubstr(R"("count":3)"));
  EXPECT_THAT(Send("/v1/indexes").body, HasSubstr(R"("documents":3)"));
  EXPECT_THAT(Send("/v1/sync").body, HasSubstr(R"("pending":0)"));
  EXPECT_THAT(Send("/v1/project/search").body, HasSubstr("did you mean 'projects'?"));
  EXPECT_EQ(Send("/v1/projects/search?fliter=x").status, 400);
  EXPECT_EQ(Send("/v1/projects/search", "{").status, 400);
  EXPECT_EQ(Send("/v1/projects/search", std::string(300 * 1024, ' ')).status, 413);
  EXPECT_EQ(Send("/v1/projects/search?q=" + std::string(9000, 'x')).status, 414);
}

}  // namespace
}  // namespace pgsluice::api
