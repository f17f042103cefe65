// What answers say about an index whose first copy is not complete.

#include "support/api_fixture.h"

namespace pgsluice::api {
namespace {

using ::testing::HasSubstr;

class ApiPartial : public ApiFixture {
 protected:
  void Fill(bool filling) { set_->at("projects").filling = filling; }
  void Refuse() {
    IndexInfo& index = set_->at("projects");
    auto plan = std::make_shared<plan::Plan>(*index.plan);
    plan->config.search.refuse_incomplete = true;
    index.plan = plan;
  }
};

const std::string kPartial = R"("partial":true,"reason":"backfilling")";

/// Every endpoint that reads an index: path and body.
std::vector<std::pair<std::string, std::string>> Reads() {
  return {{"/v1/projects/search", ""},
          {"/v1/projects/search", R"({"q":"garden"})"},
          {"/v1/projects/count", ""},
          {"/v1/projects/docs/1", ""},
          {"/v1/projects/docs/mget", R"({"ids":["1"]})"},
          {"/v1/projects/suggest?field=title&q=g", ""},
          {"/v1/projects/facets/status", ""},
          {"/v1/projects/export", ""},
          {"/v1/multi-search", R"({"searches":[{"index":"projects"}]})"},
          {"/v1/instantsearch", R"({"requests":[{"indexName":"projects","params":""}]})"}};
}

TEST_F(ApiPartial, EveryAnswerSaysSo) {
  for (const auto& [path, body] : Reads()) {
    SCOPED_TRACE(path);
    Fill(false);
    const http::Response whole = Send(path, body);
    EXPECT_EQ(whole.status, 200) << whole.body;
    EXPECT_EQ(whole.body.find("backfilling"), std::string::npos);
    Fill(true);
    const http::Response partial = Send(path, body);
    EXPECT_EQ(partial.status, 200) << partial.body;
    if (path == "/v1/projects/export") {
      EXPECT_THAT(partial.headers,
                  ::testing::Contains(::testing::Pair("Pgsluice-Partial", "backfilling")));
    } else if (path == "/v1/instantsearch") {
      EXPECT_THAT(partial.body, HasSubstr(R"("exhaustiveNbHits":false)"));
    } else {
      EXPECT_THAT(partial.body, HasSubstr(kPartial));
    }
  }
  EXPECT_EQ(Send("/v1/projects/docs/77").status, 503);  // It may still come.
  Fill(false);
  EXPECT_EQ(Send("/v1/projects/docs/77").status, 404);
}

TEST_F(ApiPartial, OrIsRefused) {
  Refuse();
  for (const auto& [path, body] : Reads()) {
    SCOPED_TRACE(path);
    Fill(true);
    const http::Response refused = Send(path, body);
    EXPECT_THAT(refused.body, HasSubstr("index_not_ready"));
    EXPECT_EQ(refused.status, path == "/v1/multi-search" ? 200 : 503);
    Fill(false);
    EXPECT_EQ(Send(path, body).status, 200);
  }
}

}  // namespace
}  // namespace pgsluice::api
