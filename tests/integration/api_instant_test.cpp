// Requests of InstantSearch clients: tests/data/instantsearch.json contains rows, parameters, and
// the correct ids or the parameter that must be named.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "pgsluice/json/writer.h"
#include "support/api_fixture.h"
#include "support/paths.h"

namespace pgsluice::api {
namespace {

class ApiInstantTest : public ApiFixture {
 protected:
  void Load(const json::Value& rows) {
    using plan::Kind;
    auto plan = std::make_shared<plan::Plan>();
    plan->name = "rows";
    plan->config.name = "rows";
    plan->fields = {query::MakeField("id", Kind::kInteger, "integer"),
                    query::MakeField("cat", Kind::kText, "text"),
                    query::MakeField("price", Kind::kDecimal, "double"),
                    query::MakeField("ts", Kind::kDate, "date"),
                    query::MakeField("other", Kind::kText, "text")};
    const std::string alias = sandbox_.Name("rows");
    engine_->CreateIndex(alias + "-000001", engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias, {}, alias + "-000001");
    engine::BulkBody bulk(alias);
    for (const json::Value& row : rows.items) {
      std::string document = "{";
      for (std::size_t i = 0; i < row.items.size(); ++i) {
        document += json::Quote(plan->fields[i].name) + ":" + json::ToText(row.items[i]) + ",";
      }
      const std::string& id = row.items.front().text;
      bulk.Index(id, document + R"("__id":")" + id + R"("})", 1);
    }
    EXPECT_TRUE(engine_->Bulk(bulk, std::chrono::seconds(30)).all_done);
    engine_->Refresh(alias);
    (*set_)["rows"] = {plan, alias, "live"};
    Restart();
  }

  http::Response Ask(const json::Value& params) {
    return Send("/v1/instantsearch",
                R"({"requests":[{"indexName":"rows","params":)" + json::ToText(params) + "}]}");
  }
};

TEST_F(ApiInstantTest, EveryParameterWorksOrIsNamed) {
  std::ifstream file(testing::SourceFile("/tests/data/instantsearch.json"));
  std::stringstream text;
  text << file.rdbuf();
  const json::Value cases = json::Parse(text.str());
  Load(*cases.Find("rows"));
  for (const json::Value& request : cases.Find("requests")->items) {
    SCOPED_TRACE(json::ToText(request));
    const http::Response answer = Ask(request.items[0]);
    const json::Value& wanted = request.items[1];
    if (wanted.text.compare(0, 4, "400 ") == 0) {
      EXPECT_EQ(answer.status, 400) << answer.body;
      EXPECT_THAT(answer.body,
                  ::testing::HasSubstr(R"("parameter":)" + json::Quote(wanted.text.substr(4))));
      continue;
    }
    ASSERT_EQ(answer.status, 200) << answer.body;
    const json::Value body = json::Parse(answer.body);
    const json::Value& result = body.Find("results")->items.at(0);
    std::vector<std::string> ids, right;
    for (const json::Value& hit : result.Find("hits")->items) {
      ids.push_back(hit.Find("objectID")->text);
      if (wanted.IsString()) {
        EXPECT_EQ(hit.Find(wanted.text.substr(wanted.text.rfind(' ') + 1)), nullptr);
      }
    }
    for (const json::Value& id : wanted.items) right.push_back(id.text);
    if (wanted.IsString()) right = {"1", "2", "3", "4", "5"};
    EXPECT_THAT(ids, ::testing::UnorderedElementsAreArray(right));
  }
}

TEST_F(ApiInstantTest, FacetsAskedTwiceComeOnceAndHighlightsFindTheWord) {
  std::ifstream file(testing::SourceFile("/tests/data/instantsearch.json"));
  std::stringstream text;
  text << file.rdbuf();
  Load(*json::Parse(text.str()).Find("rows"));
  const std::string facets = Ask(json::Parse(R"({"facets":["cat","cat"]})")).body;
  EXPECT_EQ(facets.find(R"("cat":{"12\" vinyl")"), facets.rfind(R"("cat":{"12\" vinyl")"));
  EXPECT_THAT(Send("/1/indexes/rows/facets/cat/query", R"({"facetQuery":"VIN"})").body,
              ::testing::HasSubstr(R"("highlighted":"12\" <em>vin</em>yl")"));
}

}  // namespace
}  // namespace pgsluice::api
