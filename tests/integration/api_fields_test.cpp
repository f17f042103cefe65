// `q` over several fields: finds what each field's own analyzer matches, across fields, including
// nested ones, and finds the same for a caller from whom something is hidden.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/base/digest.h"
#include "pgsluice/json/writer.h"
#include "support/api_fixture.h"

namespace pgsluice::api {
namespace {

using plan::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ApiFieldsTest : public ApiFixture {
 protected:
  /// Creates an index "shop" with these fields and `id`; "+" makes an identifier.
  void Make(const config::Search& search, std::vector<plan::Field> fields,
            const std::vector<std::string>& documents) {
    auto plan = std::make_shared<plan::Plan>();
    plan->name = "shop";
    plan->config.name = "shop";
    plan->config.search = search;
    plan->config.mapping = mapping_;
    plan->fields = {query::MakeField("id", Kind::kInteger, "integer")};
    for (plan::Field& field : fields) {
      const auto& codes = search.identifiers;
      field.identifier = std::find(codes.begin(), codes.end(), field.path) != codes.end();
      plan->fields.push_back(std::move(field));
    }
    config_.indexes = {plan->config};
    config_.auth.policies["all"].indexes["*"] = {};
    config_.auth.policies["some"].indexes["shop"].hidden = {"internal"};
    const std::string alias = sandbox_.Name("shop");
    engine_->CreateIndex(alias + "-000001", engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias, {}, alias + "-000001");
    engine::BulkBody bulk(alias);
    int id = 0;
    for (const std::string& document : documents) {
      const std::string name = std::to_string(++id);
      bulk.Index(name, R"({"id":)" + name + "," + document + R"(,"__id":")" + name + R"("})", 1);
    }
    EXPECT_TRUE(engine_->Bulk(bulk, std::chrono::seconds(30)).all_done);
    engine_->Refresh(alias);
    (*set_)["shop"] = {plan, alias, "live"};
    Restart();
  }

  /// An engine without analyzers reports what it does instead, and finds less.
  bool LacksAnalyzers() {
    const engine::Flavor& flavor = engine_->Detect();
    EXPECT_EQ(engine::AnalysisProblems(config_.indexes, flavor).empty(), flavor.has_analysis);
    return !flavor.has_analysis;
  }

  std::vector<std::string> Found(const std::string& q, const std::string& more = "") {
    const http::Response answer = Send("/v1/shop/search?q=" + http::Encode(q) + more);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> ids;
    const json::Value value = json::Parse(answer.body);
    if (answer.status != 200) return ids;
    for (const json::Value& hit : value.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    const json::Value count = json::Parse(Send("/v1/shop/count?q=" + http::Encode(q) + more).body);
    EXPECT_EQ(count.Find("count")->text, std::to_string(ids.size())) << q;
    return ids;
  }

  static plan::Field Text(const std::string& path, const std::string& nested = "") {
    return query::MakeField(path, Kind::kText, "text", nested);
  }
  static plan::Field Comments() {
    plan::Field comments = query::MakeField("comments", Kind::kObject, "", "comments");
    comments.array = comments.nested = true;
    comments.fields = {Text("comments.body", "comments")};
    return comments;
  }

  std::vector<std::pair<std::string, json::Value>> mapping_;
};

TEST_F(ApiFieldsTest, WordsMayStandInFieldsOfSeveralLanguages) {
  config::Search search;
  search.languages = {{"de", "german"}, {"en", "english"}};
  Make(search, {Text("de"), Text("en"), Text("code")},
       {R"("de":"die alten Häuser","en":"two foxes were running","code":"plain")",
        R"("de":"die Katze","en":"the cat","code":"other")",
        R"("de":"harte Arbeit","en":"hard work","code":"x")"});
  if (LacksAnalyzers()) return;
  EXPECT_THAT(Found("haus fox"), ElementsAre("1"));
  EXPECT_THAT(Found("fox plain"), ElementsAre("1"));
  EXPECT_THAT(Found("running haus plain"), ElementsAre("1"));
  EXPECT_THAT(Found("die katze"), ElementsAre("2"));
  EXPECT_THAT(Found("the katze"), ElementsAre("2")) << "both are written there";
  EXPECT_THAT(Found("the cats"), ElementsAre("2"));
  EXPECT_THAT(Found("a cat"), ElementsAre("2")) << "a stop word of the field that has the other";
  EXPECT_THAT(Found("die hard"), IsEmpty()) << "a stop word of another language";
  EXPECT_THAT(Found("fox", "&q.fields=de"), IsEmpty());
  EXPECT_THAT(Found("cat & other"), ElementsAre("2"));
}

TEST_F(ApiFieldsTest, OnlyTheFieldsThatAreNamedAreSearched) {
  config::Search search;
  search.fields = {{"title", 3}, {"body", 1}};
  Make(search, {Text("title"), Text("body"), Text("internal")},
       {R"("title":"garden","body":"a long text about tools and a garden","internal":"secret")",
        R"("title":"tools","body":"a text about kitchens","internal":"garden")",
        R"("title":"something else","body":"a garden","internal":"")"});
  EXPECT_THAT(Found("secret"), IsEmpty());
  EXPECT_THAT(Found("garden"), ElementsAre("1", "3")) << "the title before the body";
  EXPECT_THAT(Found("tools garden"), ElementsAre("1"));
  EXPECT_THAT(Found("kitchens tools"), ElementsAre("2"));
  EXPECT_THAT(Found("secret", "&q.fields=internal"), ElementsAre("1"));
  // While the word is being typed, the title comes first as well.
  EXPECT_THAT(Found("gard"), ElementsAre("1", "3"));
}

TEST_F(ApiFieldsTest, NestedFieldsAndOwnAnalyzersAreSearched) {
  if (!engine_->Detect().has_analysis) return;  // This engine has no such analyzer.
  mapping_ = {{"comments.body", json::Parse(R"({"type":"text","analyzer":"english"})")}};
  Make({}, {Text("title"), Comments()},
       {R"("title":"oak table","comments":[{"body":"it was delivered quickly"},{"body":"loved"}])",
        R"("title":"pine table","comments":[])"});
  EXPECT_THAT(Found("table"), UnorderedElementsAre("1", "2"));
  EXPECT_THAT(Found("oak lamps"), IsEmpty());
  EXPECT_THAT(Found("oak delivering"), ElementsAre("1"));
  EXPECT_THAT(Found("table loving"), ElementsAre("1"));
  EXPECT_THAT(Found("deliverd"), ElementsAre("1")) << "a typo in a field with an analyzer";
  EXPECT_THAT(Found("tab"), UnorderedElementsAre("1", "2"));
  EXPECT_THAT(Found("table -loved"), ElementsAre("2"));
}

TEST_F(ApiFieldsTest, HiddenTextNeverCountsAndOthersAreFoundAlike) {
  config_.auth.keys = {{"all", base::Sha256("all-key"), "all", ""},
                       {"some", base::Sha256("some-key"), "some", ""}};
  config::Search search;
  search.language = "english";
  Make(search, {Text("title"), Text("body"), Text("internal")},
       {R"("title":"running shoes","body":"for the city-trail","internal":"overpriced")",
        R"("title":"hats","body":"noise cancelling","internal":"clearance")"});
  const auto as = [&](const std::string& key, const std::string& q) {
    const http::Response answer =
        Send("/v1/shop/search?q=" + http::Encode(q), "", {{"X-Api-Key", key}});
    std::vector<std::string> ids;
    const json::Value value = json::Parse(answer.body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    if (answer.status != 200) return ids;
    for (const json::Value& hit : value.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  };
  if (LacksAnalyzers()) return;
  EXPECT_THAT(as("all-key", "overpriced"), ElementsAre("1"));
  EXPECT_THAT(as("some-key", "overpriced"), IsEmpty());
  EXPECT_THAT(as("some-key", "running"), ElementsAre("1"));
  for (const char* q : {"the shoe", "shoes trails", "city-trail", "trail-city", "runnin", "shoos",
                        "noisecancelling", "hat", "& hats", "shoe noise", "\"city trail\""}) {
    EXPECT_EQ(as("all-key", q), as("some-key", q)) << q;
  }
  EXPECT_THAT(as("some-key", "shoe trail"), ElementsAre("1"));
}

TEST_F(ApiFieldsTest, IdentifiersMayBeKeywordsAndNumbers) {
  config::Search search;
  search.identifiers = {"sku", "number"};
  Make(search,
       {Text("title"), query::MakeField("sku", Kind::kKeyword, "keyword"),
        query::MakeField("number", Kind::kInteger, "integer")},
       {R"("title":"green lamp","sku":"LMP-0042-G","number":77123)",
        R"("title":"red lamp","sku":"LMP-0043-R","number":77124)"});
  if (LacksAnalyzers()) return;
  EXPECT_THAT(Found("lmp0042g"), ElementsAre("1"));
  EXPECT_THAT(Found("lamp 0043"), ElementsAre("2"));
  EXPECT_THAT(Found("77124"), ElementsAre("2"));
  EXPECT_THAT(Found("green 7712"), ElementsAre("1"));
  EXPECT_THAT(Found("lmp-00"), UnorderedElementsAre("1", "2"));
}

}  // namespace
}  // namespace pgsluice::api
