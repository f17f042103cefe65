#include "pgsluice/base/text.h"

#include <gtest/gtest.h>

namespace pgsluice::base {
namespace {

TEST(Trimmed, DropsSpacesAndTabsAtBothEnds) {
  EXPECT_EQ(Trimmed(" \ta b\t "), "a b");
  EXPECT_EQ(Trimmed("a"), "a");
  EXPECT_EQ(Trimmed(" \t"), "");
  EXPECT_EQ(Trimmed(""), "");
}

TEST(Number, IsAWholeText) {
  EXPECT_EQ(Number("0", 10), 0U);
  EXPECT_EQ(Number("9C40", 16), 40000U);
  for (const char* other : {"", "-1", "+1", " 1", "1 ", "1x", "0x1", "99999999999999999999"}) {
    EXPECT_EQ(Number(other, 10), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace pgsluice::base
