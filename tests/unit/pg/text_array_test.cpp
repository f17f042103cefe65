#include "pgsluice/pg/text_array.h"

#include <gtest/gtest.h>

namespace pgsluice::pg {
namespace {

TEST(TextArrayTest, Numbers) {
  EXPECT_EQ(TextArray(std::vector<std::int64_t>{}), "{}");
  EXPECT_EQ(TextArray(std::vector<std::int64_t>{1, -2}), "{1,-2}");
}

TEST(TextArrayTest, TextsAreQuoted) {
  EXPECT_EQ(TextArray(std::vector<std::string>{"a", ""}), R"({"a",""})");
  EXPECT_EQ(TextArray(std::vector<std::string>{R"(a"b\c,{})"}), R"({"a\"b\\c,{}"})");
}

}  // namespace
}  // namespace pgsluice::pg
