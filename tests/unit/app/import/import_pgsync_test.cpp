#include "app/import/import_pgsync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// The imported indexes as JSON without white space, and the notes.
class ImportPgsyncTest : public ::testing::Test {
 protected:
  std::string Indexes(const std::string& schema) {
    const Imported imported = ImportPgsync(schema);
    notes_ = imported.notes;
    const json::Value config =
        json::Parse(imported.config, {.comments = true, .trailing_commas = false});
    return json::ToText(*config.Find("indexes"));
  }
  /// Imports one document with these nodes, for index "shop".
  std::string Nodes(const std::string& nodes, const std::string& more = "") {
    return Indexes(R"([{"database": "shop", "index": "shop", "nodes": )" + nodes + more + "}]");
  }

  std::vector<std::string> notes_;
};

TEST_F(ImportPgsyncTest, ConnectionsComeFromTheEnvironment) {
  const std::string text = ImportPgsync(R"([{"database": "d", "nodes": {"table": "t"}}])").config;
  EXPECT_THAT(text, AllOf(HasSubstr("${PGSLUICE_DATABASE_URL}"),
                          HasSubstr("${PGSLUICE_ELASTICSEARCH_URL}"), HasSubstr("\"d\":")));
}

TEST_F(ImportPgsyncTest, NamesAreWrittenAsInSql) {
  EXPECT_EQ(Nodes(R"({"table": "Odd Table", "schema": "sales", "columns": []})"),
            R"({"shop":{"table":"sales.\"Odd Table\""}})");
  EXPECT_EQ(Nodes(R"({"table": "item", "schema": "public", "columns": ["id", "name"]})"),
            R"({"shop":{"table":"item","columns":["id","name"]}})");
}

TEST_F(ImportPgsyncTest, RelationshipsKeepTheirShape) {
  EXPECT_EQ(Nodes(R"({"table": "shop", "children": [
      {"table": "floor", "schema": "s", "label": "floors", "columns": ["name"],
       "relationship": {"variant": "object", "type": "one_to_many",
                        "foreign_key": {"parent": ["id"], "child": ["shop_id"]}}},
      {"table": "owner", "columns": ["mail"],
       "relationship": {"variant": "scalar", "type": "one_to_one"}},
      {"table": "tag", "schema": "s", "label": "tags", "columns": ["name"],
       "relationship": {"variant": "scalar", "type": "one_to_many", "through_tables": ["shop_tag"]}},
      {"table": "mark", "relationship": {"variant": "object", "type": "one_to_many",
                                         "through_tables": ["links.shop_mark"]}}]})"),
            R"({"shop":{"table":"shop","embed":{)"
            R"("floors":{"table":"s.floor","on":{"id":"shop_id"},"many":true,"nested":false,)"
            R"("columns":["name"]},)"
            R"("owner":{"table":"owner","many":false,"value":"mail"},)"
            R"("tags":{"table":"s.tag","through":[{"table":"s.shop_tag"}],"value":"name"},)"
            R"("mark":{"table":"mark","through":[{"table":"links.shop_mark"}],"nested":false}}}})");
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(ImportPgsyncTest, TransformsAreReplaceThenRenameThenConcat) {
  EXPECT_EQ(
      Nodes(R"({"table": "t", "columns": ["id", "code", "name"], "transform": {
      "replace": {"code": {"-": "=", "'": ""}},
      "rename": {"code": "sku", "name": "title"},
      "concat": [{"columns": ["sku", "title", "x"], "destination": "all", "delimiter": "-"}],
      "mapping": {"title": {"type": "keyword"}, "all": {"type": "keyword"}}}})"),
      R"x({"shop":{"table":"t","columns":["id","name"],"rename":{"name":"title"},"fields":{)x"
      R"x("sku":{"sql":"replace(replace(root.code, '-', '='), '''', '')","type":"text"},)x"
      R"x("all":{"sql":"concat_ws('-', nullif(replace(replace(root.code, '-', '='), '''', ''),)x"
      R"x( ''), nullif(root.name::text, ''), 'x')","type":"keyword"}},)x"
      R"x("mapping":{"title":{"type":"keyword"}}}})x");
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(ImportPgsyncTest, WithoutColumnsTheOthersStay) {
  EXPECT_EQ(Nodes(R"({"table": "t", "transform": {"replace": {"code": {"-": "="}},
                                                  "rename": {"name": "title"}}})"),
            R"x({"shop":{"table":"t","exclude":["code"],"rename":{"name":"title"},)x"
            R"x("fields":{"code":{"sql":"replace(root.code, '-', '=')","type":"text"}}}})x");
}

TEST_F(ImportPgsyncTest, PathsIntoJsonbAreFields) {
  EXPECT_EQ(Nodes(R"({"table": "t", "columns": ["doc->a->0->b", "doc#>{x,y}"], "transform": {
      "mapping": {"doc_x,y": {"type": "long", "coerce": true}}}})"),
            R"({"shop":{"table":"t","columns":[],"fields":{)"
            R"("doc_a_0_b":{"sql":"root.doc -> 'a' -> 0 -> 'b'","type":"flattened"},)"
            R"("doc_x,y":{"sql":"root.doc #> '{x,y}'","type":"long"}},)"
            R"("mapping":{"doc_x,y":{"type":"long","coerce":true}}}})");
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("indexes.shop.fields.doc_a_0_b: the type")));
}

TEST_F(ImportPgsyncTest, NestedMappingsAndSettingsAreTaken) {
  EXPECT_EQ(Nodes(R"({"table": "shop", "columns": ["id"], "transform": {"rename": {"id": "key"}},
                      "children": [{"table": "author", "label": "authors",
                       "relationship": {"variant": "object", "type": "one_to_many"}}]})",
                  R"(, "mapping": {"authors": {"type": "nested"}}, "setting": {"a": "${b}"},
                     "routing": "key", "pipeline": "$PIPE")"),
            R"({"shop":{"table":"shop","columns":["id"],"rename":{"id":"key"},"embed":{)"
            R"("authors":{"table":"author","many":true,"nested":true}},)"
            R"("settings":{"a":"$${b}"},"pipeline":"${PIPE}","routing":"id"}})");
}

TEST_F(ImportPgsyncTest, ListsWhatIsNotCarriedOver) {
  EXPECT_EQ(Nodes(R"({"table": "v", "primary_key": ["id"], "base_tables": ["t"], "columns": ["id"],
                      "transform": {"move": {}, "mapping": {"no": {"type": "long"}}},
                      "children": [{"table": "v", "label": "above",
                        "relationship": {"variant": "object", "type": "one_to_one"}}]})",
                  R"(, "plugins": ["Hero"], "mappings": {}, "routing": "other")"),
            R"({"shop":{"table":"v","key":["id"],"columns":["id"],"embed":{)"
            R"("above":{"table":"v","many":false}},)"
            R"("sources":[{"table":"t","on":{"id":"id"}}]}})");
  EXPECT_THAT(notes_, UnorderedElementsAre(
                          HasSubstr("move"), HasSubstr("transform.mapping of \"no\""),
                          HasSubstr("indexes.shop.embed.above: the table refers to itself"),
                          HasSubstr("indexes.shop.sources: "), HasSubstr("plugin \"Hero\""),
                          HasSubstr("\"mappings\""), HasSubstr("indexes.shop.routing: \"other\"")));
}

TEST_F(ImportPgsyncTest, OneDatabaseAndOneDocumentPerIndex) {
  EXPECT_EQ(Indexes(R"([{"database": "a", "index": "$x", "nodes": {"table": "t"}},
                        {"database": "b", "index": "y", "nodes": {"table": "t"}},
                        {"database": "a", "index": "x", "nodes": {"table": "u"}}])"),
            R"({"x":{"table":"t"}})");
  EXPECT_THAT(notes_,
              ElementsAre(HasSubstr("indexes.x: the name"), HasSubstr("indexes.y: left out"),
                          HasSubstr("indexes.x: a second document")));
}

TEST_F(ImportPgsyncTest, RefusesOtherFiles) {
  EXPECT_THROW(ImportPgsync("{}"), Error);
  EXPECT_THROW(ImportPgsync("[]"), Error);
  EXPECT_THROW(ImportPgsync("[1]"), Error);
  EXPECT_THROW(ImportPgsync("nonsense"), Error);
  EXPECT_THROW(ImportPgsync(R"([{"index": "i", "nodes": [{"table": "t"}]}])"), Error);
  EXPECT_THROW(ImportPgsync(R"([{"index": "i", "nodes": {"table": "t", "children": [{}]}}])"),
               Error);
}

}  // namespace
}  // namespace pgsluice::app
