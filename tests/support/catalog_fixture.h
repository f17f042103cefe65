#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pgsluice/json/writer.h"
#include "support/api_fixture.h"

namespace pgsluice::api {

/// In addition to the projects: five products with brands, prices, dates and nested parts, and two
/// articles.
class CatalogFixture : public ApiFixture {
 protected:
  void SetUp() override {
    using plan::Kind;
    ApiFixture::SetUp();
    plan::Field parts = query::MakeField("parts", Kind::kObject, "", "parts");
    parts.array = parts.nested = true;
    parts.fields = {query::MakeField("parts.color", Kind::kKeyword, "keyword", "parts"),
                    query::MakeField("parts.size", Kind::kInteger, "integer", "parts")};
    AddIndex("products",
             {query::MakeField("id", Kind::kInteger, "integer"),
              query::MakeField("name", Kind::kText, "text"),
              query::MakeField("brand", Kind::kText, "text"),
              query::MakeField("price", Kind::kDecimal, "double"),
              query::MakeField("opened", Kind::kDate, "date"), std::move(parts),
              query::MakeField("secret", Kind::kText, "text")},
             {R"("name":"Garden chair","brand":"acme","price":10,"opened":"2024-03-30T23:30:00Z",)"
              R"("parts":[{"color":"red","size":1},{"color":"red","size":15}])",
              R"("name":"Garden table","brand":"acme","price":50,"opened":"2024-03-31T00:30:00Z",)"
              R"("parts":[{"color":"red","size":5}])",
              R"("name":"Kitchen chair","brand":"Bolt","price":100,"parts":[],)"
              R"("opened":"2024-04-30T23:00:00Z","secret":"hush")",
              R"("name":"Lamp","brand":null,"price":null,"opened":null,"secret":"hush")",
              R"("name":"Old lamp","brand":null,"price":99.5,"opened":"2023-12-31T23:59:59Z")"});
    AddIndex("articles",
             {query::MakeField("id", Kind::kInteger, "integer"),
              query::MakeField("title", Kind::kText, "text"),
              query::MakeField("price", Kind::kDecimal, "double")},
             {R"("title":"Garden","price":20)", R"("title":"The gardener","price":null)"});
    Restart();
  }

  void AddIndex(const std::string& name, std::vector<plan::Field> fields,
                const std::vector<std::string>& documents) {
    auto plan = std::make_shared<plan::Plan>();
    plan->name = plan->config.name = name;
    plan->fields = std::move(fields);
    const std::string alias = sandbox_.Name(name);
    engine_->CreateIndex(alias + "-000001", engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias, {}, alias + "-000001");
    engine::BulkBody bulk(alias);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const std::string id = std::to_string(i + 1);
      bulk.Index(id, R"({"id":)" + id + "," + documents[i] + R"(,"__id":")" + id + R"("})", 1);
    }
    EXPECT_TRUE(engine_->Bulk(bulk, std::chrono::seconds(60)).all_done);
    engine_->Refresh(alias);
    (*set_)[name] = {plan, alias, "live"};
  }

  json::Value Get(const std::string& path, http::Headers headers = {}) {
    const http::Response answer = Send(path, "", std::move(headers));
    EXPECT_EQ(answer.status, 200) << path << "\n" << answer.body;
    return json::Parse(answer.status == 200 ? answer.body : R"({"hits":[]})");
  }
  json::Value Post(const std::string& path, const std::string& body) {
    const http::Response answer = Send(path, body);
    EXPECT_EQ(answer.status, 200) << body << "\n" << answer.body;
    return json::Parse(answer.status == 200 ? answer.body : R"({"hits":[]})");
  }
  static std::vector<std::string> IdsOf(const json::Value& answer) {
    std::vector<std::string> ids;
    for (const json::Value& hit : answer.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  }
  static std::string Text(const json::Value* value) {
    return value == nullptr ? "nothing" : json::ToText(*value);
  }
};

}  // namespace pgsluice::api
