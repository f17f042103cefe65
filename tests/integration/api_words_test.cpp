// Typed queries find what people mean: tests/data/words.json contains rows of one text column, the
// queries, and the correct ids.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "pgsluice/config/loader.h"
#include "pgsluice/json/writer.h"
#include "support/api_fixture.h"
#include "support/paths.h"

namespace pgsluice::api {
namespace {

json::Value Cases() {
  std::ifstream file(testing::SourceFile("/tests/data/words.json"));
  std::stringstream text;
  text << file.rdbuf();
  return json::Parse(text.str());
}

/// Creates an index with one text column `t` behind the API.
class ApiWordsTest : public ApiFixture {
 protected:
  void Load(const json::Value& kind) {
    const std::string file =
        R"({"indexes":{"rows":{"search":)" + json::ToText(*kind.Find("search")) + "}}}";
    config::Findings findings;
    config::Config loaded = config::LoadText(
        "words.json", file, {}, [](const std::string&) { return std::nullopt; }, findings);
    for (const config::Finding& finding : findings) ADD_FAILURE() << finding.message;
    config_.indexes = loaded.indexes;
    auto plan = std::make_shared<plan::Plan>();
    plan->name = "rows";
    plan->config = loaded.indexes.front();
    plan->fields = {query::MakeField("id", plan::Kind::kInteger, "integer"),
                    query::MakeField("t", plan::Kind::kText, "text")};
    const auto& identifiers = plan->config.search.identifiers;
    plan->fields.back().identifier =
        std::find(identifiers.begin(), identifiers.end(), "t") != identifiers.end();
    const std::string alias = sandbox_.Name("rows" + std::to_string(++count_));
    engine_->CreateIndex(alias + "-000001", engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias, {}, alias + "-000001");
    engine::BulkBody bulk(alias);
    for (const auto& [id, text] : kind.Find("rows")->members) {
      bulk.Index(
          id, fmt::format(R"({{"id":{},"t":{},"__id":"{}"}})", id, json::Quote(text.text), id), 1);
    }
    EXPECT_TRUE(engine_->Bulk(bulk, std::chrono::seconds(30)).all_done);
    engine_->Refresh(alias);
    (*set_)["rows"] = {plan, alias, "live"};
    Restart();
  }

  /// Returns whether the engine has the analyzers of a kind. One that lacks them reports what it
  /// does instead.
  bool CanAnalyse(const json::Value& kind) {
    const json::Value* search = kind.Find("search");
    const bool asks = kind.Find("folds") != nullptr || search->Find("language") != nullptr ||
                      search->Find("identifiers") != nullptr;
    if (!asks || engine_->Detect().has_analysis) return true;
    EXPECT_EQ(engine::AnalysisProblems(config_.indexes, engine_->Detect()).empty(),
              kind.Find("folds") != nullptr);
    return false;
  }

  std::vector<std::string> Found(const std::string& path) {
    const http::Response answer = Send(path);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> ids;
    const json::Value value = json::Parse(answer.body);
    if (answer.status != 200) return ids;
    for (const json::Value& hit : value.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  }

  int count_ = 0;
};

std::vector<std::string> Texts(const json::Value& list) {
  std::vector<std::string> texts;
  for (const json::Value& item : list.items) texts.push_back(item.text);
  return texts;
}

TEST_F(ApiWordsTest, FindsWhatIsMeant) {
  for (const json::Value& kind : Cases().items) {
    SCOPED_TRACE(kind.Find("kind")->text);
    Load(kind);
    if (!CanAnalyse(kind)) continue;
    const json::Value* parameters = kind.Find("parameters");
    const std::string more = parameters == nullptr ? "" : "&" + parameters->text;
    for (const json::Value& query : kind.Find("queries")->items) {
      const std::string path = "/v1/rows/search?q=" + http::Encode(query.items[0].text) + more;
      const std::vector<std::string> wanted = Texts(query.items[1]);
      EXPECT_THAT(Found(path), ::testing::UnorderedElementsAreArray(wanted)) << query.items[0].text;
      // The same with the query form that searches each field separately.
      EXPECT_THAT(Found(path + "&q.fields=t"), ::testing::UnorderedElementsAreArray(wanted))
          << query.items[0].text << " in the field itself";
    }
    const json::Value* ranked = kind.Find("ranked");
    if (ranked == nullptr) continue;
    for (const json::Value& query : ranked->items) {
      EXPECT_THAT(Found("/v1/rows/search?q=" + http::Encode(query.items[0].text) + more),
                  ::testing::ElementsAreArray(Texts(query.items[1])))
          << query.items[0].text;
    }
  }
}

}  // namespace
}  // namespace pgsluice::api
