#include "pgsluice/json/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/base/error.h"
#include "pgsluice/json/validate.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::json {
namespace {

using ::testing::HasSubstr;

std::string Failure(std::string_view input, const ParseOptions& options = {}) {
  try {
    Parse(input, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "parsed";
}

TEST(JsonValue, KeepsDigitsOrderAndText) {
  const std::string input =
      R"({"z":12345678901234567890.1234567890,"a":[1e400,-0,true,null],"s":"q\"\n\\\u00e9"})";
  const Value value = Parse(input);
  EXPECT_EQ(ToText(value),
            R"({"z":12345678901234567890.1234567890,"a":[1e400,-0,true,null],"s":"q\"\n\\)"
            "\xc3\xa9\"}");
}

TEST(JsonValue, KnowsWhereEachValueStands) {
  const std::string input = R"( {"a": [true, null , -1.5], "b" : "x\\\"y" , "c":{ } } )";
  const Value value = Parse(input);
  const auto text = [&](const Value& v) { return input.substr(v.begin, v.end - v.begin); };
  EXPECT_EQ(text(*value.Find("a")), "[true, null , -1.5]");
  EXPECT_EQ(text(value.Find("a")->items[0]), "true");
  EXPECT_EQ(text(value.Find("a")->items[1]), "null");
  EXPECT_EQ(text(value.Find("a")->items[2]), "-1.5");
  EXPECT_EQ(text(*value.Find("b")), R"("x\\\"y")");
  EXPECT_EQ(text(*value.Find("c")), "{ }");
  EXPECT_EQ(text(value), input.substr(1, input.size() - 2));
}

TEST(JsonValue, StringsOfAnyLengthWithAnythingAnywhere) {
  // Eight bytes are tested at once, so each special byte is tried at each position of two such
  // groups.
  const std::vector<std::string> odd = {"\"",   "\\",   "\n", "\x01",
                                        "\x1f", "\x7f", "é",  "\xf0\x9f\x98\x80"};
  for (std::size_t length = 0; length < 20; ++length) {
    for (std::size_t place = 0; place <= length; ++place) {
      for (const std::string& one : odd) {
        std::string text(length, 'a');
        text.insert(place, one);
        const std::string quoted = Quote(text);
        EXPECT_EQ(Parse(quoted).text, text) << quoted;
        EXPECT_NO_THROW(Validate(quoted, 10)) << quoted;
        const std::string bare = '"' + text + '"';
        const bool invalid =
            static_cast<unsigned char>(one[0]) < 0x20 || one == "\"" || one == "\\";
        EXPECT_EQ(Failure(bare) != "parsed", invalid) << bare;
      }
    }
  }
}

TEST(JsonValue, AMemberGivenTwiceIsRefusedInSmallAndLargeObjects) {
  for (const int members : {1, 15, 16, 17, 40}) {
    std::string object = "{";
    for (int i = 0; i < members; ++i) object += "\"m" + std::to_string(i) + "\":1,";
    EXPECT_EQ(Failure(object + "\"other\":1}"), "parsed") << members;
    for (const int again : {0, members / 2, members - 1}) {
      const std::string text = object + "\"m" + std::to_string(again) + "\":1}";
      EXPECT_THAT(Failure(text), HasSubstr("given more than once")) << text;
    }
  }
}

TEST(JsonValue, FindsBehindAPath) {
  const Value value = Parse(R"({"a":{"b":{"c":7}}})");
  EXPECT_EQ(value.Find({"a", "b", "c"})->AsInt(), 7);
  EXPECT_EQ(value.Find({"a", "x", "c"}), nullptr);
}

TEST(JsonValue, IntegersMustFit) {
  EXPECT_EQ(Parse("[9223372036854775807]").items[0].AsInt(), 9223372036854775807);
  EXPECT_EQ(Parse("[9223372036854775808]").items[0].AsInt(), std::nullopt);
  EXPECT_EQ(Parse("[1.0]").items[0].AsInt(), std::nullopt);
  EXPECT_EQ(Parse("[1.5]").items[0].AsDouble(), 1.5);
}

TEST(JsonValue, CommentsAndTrailingCommasOnlyWhenAsked) {
  const std::string input = "{ // said\n \"a\": [1, 2, ], /* more */ }";
  EXPECT_THAT(Failure(input), HasSubstr("line 1, column"));
  EXPECT_EQ(ToText(Parse(input, {.comments = true, .trailing_commas = true})), R"({"a":[1,2]})");
}

TEST(JsonValue, ErrorsNameThePlace) {
  EXPECT_THAT(Failure("{\"a\": 1,\n  \"a\": 2}"), HasSubstr("line 2"));
  EXPECT_THAT(Failure("{\"a\": 1,\n  \"a\": 2}"), HasSubstr("\"a\" is given more than once"));
  EXPECT_THAT(Failure("[1] x"), HasSubstr("line 1, column"));
  EXPECT_THAT(Failure("\"\xff\""), HasSubstr("not valid UTF-8"));
  EXPECT_THAT(Failure(std::string(70, '[')), HasSubstr("deeper than 64"));
}

}  // namespace
}  // namespace pgsluice::json
