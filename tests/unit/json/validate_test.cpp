#include "pgsluice/json/validate.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "pgsluice/base/error.h"
#include "pgsluice/json/value.h"

namespace pgsluice::json {
namespace {

bool IsValid(std::string_view text, int depth = 64) {
  try {
    Validate(text, depth);
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool Parses(std::string_view text) {
  try {
    Parse(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(ValidateTest, AcceptsCompleteValuesOnly) {
  const std::string text =
      R"({"a":[1,-0.5e+3,{"b":null}],"c":"long enough for eight bytes \u00e9 ü","d":{},"e":[]})";
  EXPECT_TRUE(IsValid(text));
  EXPECT_TRUE(IsValid(" [ true , false ] \n"));
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(IsValid(text.substr(0, length))) << text.substr(0, length);
  }
  for (const char* bad :
       {"",         "[1,]",  "{\"a\":1,}", "[1 2]", "01",      "1.",          "-",
        "1e",       "tru",   "[}",         "{]",    "\"\\x\"", "\"\\u12g4\"", "\"\x01\"",
        "\"\xff\"", "{1:2}", "{\"a\" 1}",  "[]]",   "[] []",   "nul"}) {
    EXPECT_FALSE(IsValid(bad)) << bad;
  }
}

TEST(ValidateTest, BoundsTheDepthWithoutRecursion) {
  const auto deep = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_TRUE(IsValid(deep(64)));
  EXPECT_FALSE(IsValid(deep(66)));
  EXPECT_FALSE(IsValid(std::string(50'000'000, '[')));
}

TEST(ValidateTest, AgreesWithTheParser) {
  static constexpr std::string_view kBytes = "[]{},:\"\\u0019aetrufalsn.-+E \n\xc3\xa9";
  const unsigned seed = std::random_device{}();
  std::minstd_rand random(seed);
  const std::string start = R"({"a":["x\n",1.5,true,null,{"b":"y"}]})";
  for (int round = 0; round < 20000; ++round) {
    std::string text = start;
    for (auto n = random() % 3; n > 0; --n) {
      text[random() % text.size()] = kBytes[random() % kBytes.size()];
    }
    // The parser also refuses what Validate() allows: duplicate names and unpaired surrogates.
    EXPECT_TRUE(IsValid(text) || !Parses(text)) << text << " seed " << seed;
  }
}

TEST(ParserTest, BoundsTheNumberOfValues) {
  std::string many = "[1";
  for (int i = 0; i < 1'000'000; ++i) many += ",1";
  EXPECT_FALSE(Parses(many + "]"));
  EXPECT_TRUE(Parses("[1,2,3]"));
  EXPECT_THROW(Parse("[1,2,3]", {.max_values = 3}), Error);
}

}  // namespace
}  // namespace pgsluice::json
