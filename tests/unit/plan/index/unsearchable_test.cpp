#include "pgsluice/plan/unsearchable.h"

#include <gtest/gtest.h>

#include "pgsluice/json/value.h"

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

class UnsearchableTest : public ::testing::Test {
 protected:
  UnsearchableTest() {
    Field notes = FieldOf("notes", Kind::kObject);
    notes.fields = {FieldOf("notes.body", Kind::kText, "text")};
    plan_.fields = {FieldOf("t", Kind::kText, "text"), FieldOf("k", Kind::kKeyword, "keyword"),
                    FieldOf("j", Kind::kJson), FieldOf("b", Kind::kBinary, "binary"),
                    std::move(notes)};
  }
  /// Returns what is appended to the document `{"m":…}`; empty: nothing.
  std::string Mark(const std::string& member, bool opensearch = true) const {
    const std::string document = "{" + member + R"(,"__id":"1"})";
    const auto marked = Unsearchable(plan_, opensearch).Mark(document);
    if (!marked) return {};
    EXPECT_NO_THROW(json::Parse(*marked)) << *marked;
    EXPECT_EQ(marked->substr(0, document.size() - 1), document.substr(0, document.size() - 1));
    return marked->substr(document.size() - 1);
  }

  Plan plan_;
  const std::string longest_ = std::string(8191, 'x');
};

TEST_F(UnsearchableTest, ValuesKeptAside) {
  EXPECT_EQ(Mark(R"("j":{"a":1})"), "");
  EXPECT_EQ(Mark(R"("__raw:j":5)"), R"(,"__unsearchable":["j"]})");
  EXPECT_EQ(Mark(R"("t":"\"__raw:j\":5")"), "") << "a text";
}

TEST_F(UnsearchableTest, TermsThatAreTooLong) {
  EXPECT_EQ(Mark(R"("t":")" + longest_ + R"(","k":[")" + longest_ + R"("])"), "");
  EXPECT_EQ(Mark(R"("t":")" + longest_ + R"(x","k":[null,")" + longest_ + R"(x"])"),
            R"(,"__unsearchable":["k","t"]})");
  EXPECT_EQ(Mark(R"("b":")" + longest_ + R"(x")"), "") << "nobody searches binary values";
  EXPECT_EQ(Mark(R"("notes":[{"body":"a"},{"body":")" + longest_ + R"(x"}])"),
            R"(,"__unsearchable":["notes.body"]})");
}

TEST_F(UnsearchableTest, LengthsAreThoseOfTheEngines) {
  std::string wide, astral;
  for (int i = 0; i < 4096; ++i) {
    wide += "ü\u20AC";
    astral += "\U0001F600";  // Two units of UTF-16.
  }
  EXPECT_EQ(Mark(R"("k":")" + wide + R"(")"), R"(,"__unsearchable":["k"]})");
  EXPECT_EQ(Mark(R"("k":")" + wide.substr(0, wide.size() - 5) + R"(")"), "");
  EXPECT_EQ(Mark(R"("k":")" + astral + R"(")"), R"(,"__unsearchable":["k"]})");
  EXPECT_EQ(Mark(R"("k":")" + std::string(4096, '\\') + R"(")"), "") << "escapes";
}

TEST_F(UnsearchableTest, FlattenedFieldsOfElasticsearchHoldLess) {
  const std::string value = R"("j":{"a":[{"b":")" + std::string(5001, 'x') + R"("}]})";
  EXPECT_EQ(Mark(value, true), "");
  EXPECT_EQ(Mark(value, false), R"(,"__unsearchable":["j"]})");
}

TEST_F(UnsearchableTest, LimitsOfTheConfigurationCount) {
  plan_.config.mapping = {
      {"k", json::Parse(R"({"ignore_above":3})")},
      {"t", json::Parse(R"({"fields":{"keyword":{"type":"keyword","ignore_above":20000}}})")}};
  EXPECT_EQ(Mark(R"("k":"abc")"), "");
  EXPECT_EQ(Mark(R"("k":"abcd","t":")" + longest_ + R"(x")"), R"(,"__unsearchable":["k"]})");
}

}  // namespace
}  // namespace pgsluice::plan
