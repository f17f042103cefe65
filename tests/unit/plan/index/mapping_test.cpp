#include <gtest/gtest.h>

#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/plan/plan.h"

namespace pgsluice::plan {
namespace {

Field FieldOf(const std::string& path, Kind kind, const std::string& engine_type = {}) {
  Field field;
  field.path = path;
  field.name = path.substr(path.rfind('.') + 1);
  field.kind = kind;
  field.engine_type = engine_type;
  return field;
}

std::string Property(const Plan& plan, const std::string& name, bool opensearch = true) {
  const json::Value mapping = json::Parse(plan.MappingJson(opensearch));
  const json::Value* found = mapping.Find({"properties", name});
  return found == nullptr ? "none" : json::ToText(*found);
}

TEST(Mapping, FollowsTheKinds) {
  Plan plan;
  plan.fields = {FieldOf("n", Kind::kInteger, "long"),    FieldOf("t", Kind::kText, "text"),
                 FieldOf("k", Kind::kKeyword, "keyword"), FieldOf("j", Kind::kJson),
                 FieldOf("r", Kind::kRange, "int_range"), FieldOf("x", Kind::kRange),
                 FieldOf("b", Kind::kBool, "boolean")};
  EXPECT_EQ(Property(plan, "n"), R"({"type":"long","ignore_malformed":true})");
  EXPECT_EQ(Property(plan, "t"),
            R"({"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":8191}},)"
            R"("copy_to":"__all"})");
  EXPECT_EQ(Property(plan, "k"), R"({"type":"keyword","ignore_above":8191})");
  EXPECT_EQ(Property(plan, "j"), R"({"type":"flat_object"})");
  EXPECT_EQ(Property(plan, "j", false),
            R"({"type":"flattened","depth_limit":100,"ignore_above":5000})");
  EXPECT_EQ(Property(plan, "x"), "none");
  EXPECT_EQ(Property(plan, "b"), R"({"type":"boolean"})");
  EXPECT_EQ(Property(plan, "__id"), R"({"type":"keyword"})");
  EXPECT_EQ(Property(plan, "__all"), R"({"type":"text"})");
}

TEST(Mapping, EnumsGetTheirOrderBesideThem) {
  Plan plan;
  plan.fields = {FieldOf("status", Kind::kEnum, "keyword")};
  EXPECT_EQ(Property(plan, "__enum"), R"({"properties":{"status":{"type":"short"}}})");
  EXPECT_EQ(Property(plan, "__all"), "none");
}

TEST(Mapping, OverridesAreLaidOverOrReplaceTheType) {
  Plan plan;
  plan.fields = {FieldOf("t", Kind::kText, "text"), FieldOf("n", Kind::kDecimal, "double")};
  plan.config.mapping = {{"t", json::Parse(R"({"type":"text","analyzer":"english"})")},
                         {"n", json::Parse(R"({"type":"scaled_float","scaling_factor":100})")}};
  EXPECT_EQ(json::Parse(Property(plan, "t")).Find("analyzer")->text, "english");
  EXPECT_EQ(json::Parse(Property(plan, "t")).Find("copy_to"), nullptr)
      << "found by other words than the copy of all texts";
  EXPECT_EQ(Property(plan, "n"), R"({"type":"scaled_float","scaling_factor":100})");
}

TEST(Mapping, OverlaysKeepWhatFiltersAndSearchesUse) {
  Plan plan;
  plan.fields = {FieldOf("a", Kind::kText, "text"), FieldOf("b", Kind::kText, "match_only_text"),
                 FieldOf("c", Kind::kText, "search_as_you_type"),
                 FieldOf("d", Kind::kKeyword, "wildcard")};
  plan.config.mapping = {
      {"a", json::Parse(R"({"fields":{"en":{"type":"text"}},"copy_to":["more"],"norms":false})")},
      {"b", json::Parse(R"({"type":"match_only_text"})")},
      {"c", json::Parse(R"({"type":"search_as_you_type"})")},
      {"d", json::Parse(R"({"type":"wildcard"})")}};
  const std::string keyword = R"("keyword":{"type":"keyword","ignore_above":8191})";
  EXPECT_EQ(Property(plan, "a"), R"({"type":"text","fields":{)" + keyword +
                                     R"(,"en":{"type":"text"}},"copy_to":["__all","more"],)"
                                     R"("norms":false})");
  EXPECT_EQ(Property(plan, "b"),
            R"({"fields":{)" + keyword + R"(},"copy_to":"__all","type":"match_only_text"})");
  EXPECT_EQ(Property(plan, "c"),
            R"({"fields":{)" + keyword + R"(},"copy_to":"__all","type":"search_as_you_type"})");
  EXPECT_EQ(Property(plan, "d"), R"({"type":"wildcard"})");
}

TEST(Mapping, LanguagesAndIdentifiersHaveSubFields) {
  Plan plan;
  plan.fields = {FieldOf("t", Kind::kText, "text"), FieldOf("u", Kind::kText, "text"),
                 FieldOf("sku", Kind::kKeyword, "keyword")};
  plan.fields[2].identifier = true;
  plan.config.search.language = "english";
  plan.config.search.languages = {{"u", "standard"}};
  const json::Value text = json::Parse(Property(plan, "t"));
  EXPECT_EQ(text.Find("analyzer")->text, "pgsluice_english");
  EXPECT_EQ(text.Find({"fields", "__plain", "analyzer"})->text, "pgsluice_text");
  EXPECT_EQ(text.Find("copy_to")->text, "__all");
  const json::Value other = json::Parse(Property(plan, "u"));
  EXPECT_EQ(other.Find("analyzer"), nullptr);
  EXPECT_EQ(other.Find("copy_to"), nullptr);
  EXPECT_EQ(json::Parse(Property(plan, "__all")).Find("analyzer")->text, "pgsluice_english");
  const json::Value sku = json::Parse(Property(plan, "sku"));
  EXPECT_EQ(sku.Find({"fields", "__parts", "analyzer"})->text, "pgsluice_parts");
  EXPECT_EQ(sku.Find({"fields", "__joined", "analyzer"})->text, "pgsluice_joined");
}

TEST(Mapping, HiddenTextIsNotFoundThroughTheOthers) {
  Plan plan;
  plan.config.search.hidden = {"owner"};
  Field owner = FieldOf("owner", Kind::kObject);
  owner.fields = {FieldOf("owner.mail", Kind::kText, "text")};
  plan.fields = {owner};
  EXPECT_EQ(plan.MappingJson(true).find("copy_to"), std::string::npos);
  EXPECT_EQ(plan.Find("owner.mail")->name, "mail");
  EXPECT_EQ(plan.Find("owner.mai"), nullptr);
}

}  // namespace
}  // namespace pgsluice::plan
