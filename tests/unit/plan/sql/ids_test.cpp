#include "plan/sql/ids.h"

#include <gtest/gtest.h>

namespace pgsluice::plan {
namespace {

TEST(Ids, OneColumnIsItsText) {
  EXPECT_EQ(KeyOfIdText("42", 1), "[\"42\"]");
  EXPECT_EQ(KeyOfIdText("a|b\\c", 1), "[\"a|b\\\\c\"]");
  EXPECT_EQ(KeyOfIdText("ü \"x\"", 1), "[\"ü \\\"x\\\"\"]");
}

TEST(Ids, SeveralColumnsAreSplitAtPlainBars) {
  EXPECT_EQ(KeyOfIdText("1|2", 2), "[\"1\",\"2\"]");
  EXPECT_EQ(KeyOfIdText("a\\|b|c\\\\", 2), "[\"a|b\",\"c\\\\\"]");
  EXPECT_EQ(KeyOfIdText("|", 2), "[\"\",\"\"]");
}

TEST(Ids, TextsThatAreNotKeysGiveNone) {
  EXPECT_EQ(KeyOfIdText("1|2|3", 2), "");
  EXPECT_EQ(KeyOfIdText("1", 2), "");
  EXPECT_EQ(KeyOfIdText("sha256:" + std::string(64, 'a'), 1), "");
  EXPECT_EQ(KeyOfIdText("sha256:short", 1), "[\"sha256:short\"]");
}

}  // namespace
}  // namespace pgsluice::plan
