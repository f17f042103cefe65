#include "pgsluice/base/printable.h"

#include <gtest/gtest.h>

namespace pgsluice::base {
namespace {

TEST(PrintableTest, LetsNoControlCharacterThrough) {
  EXPECT_EQ(Printable("plain ü 漢 😀"), "plain ü 漢 😀");
  EXPECT_EQ(Printable("a\x1b[31mred\x07\n\t\x7f"), "a\\x1b[31mred\\x07\\x0a\\x09\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "2J\xc2\xa0"),
            "\\xc2\\x9b2J\xc2\xa0");
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");
}

}  // namespace
}  // namespace pgsluice::base
