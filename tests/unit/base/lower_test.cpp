#include "pgsluice/base/lower.h"

#include <gtest/gtest.h>

namespace pgsluice::base {
namespace {

TEST(Lower, AsUnicodeSays) {
  EXPECT_EQ(Lower("Order_1"), "order_1");
  EXPECT_EQ(Lower("ÄÖÜ ẞ"), "äöü ß");
  EXPECT_EQ(Lower("İstanbul"), "i\xCC\x87stanbul");
  EXPECT_EQ(Lower("ΣΊΣΥΦΟΣ"), "σίσυφος");
  EXPECT_EQ(Lower("ΣΟΣ ΑΣ1Σ"), "σος ας1σ");
  EXPECT_EQ(Lower("ＡＢ"), "ａｂ");
  EXPECT_EQ(Lower("ǅ Ⰰ 𐐀 Ꟛ"), "ǆ ⰰ 𐐨 ꟛ");
  EXPECT_EQ(Lower("日本語 😀ß"), "日本語 😀ß");
}

TEST(Lower, LowerStaysAsItIs) {
  for (const char* text : {"İstanbul", "ΣΊΣΥΦΟΣ", "ÀÉÎ", "ȺȾ", "ԱՖ", "Ꭰ", "ΑΣ'Β"}) {
    EXPECT_EQ(Lower(Lower(text)), Lower(text));
  }
}

TEST(Prefix, CutsNoCharacter) {
  EXPECT_EQ(Prefix("éé", 4), "éé");
  EXPECT_EQ(Prefix("éé", 3), "é");
  EXPECT_EQ(Prefix("éé", 1), "");
  EXPECT_EQ(Prefix("abc", 2), "ab");
}

}  // namespace
}  // namespace pgsluice::base
