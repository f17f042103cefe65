#include "pgsluice/config/schemas.h"

#include <gtest/gtest.h>

namespace pgsluice::config {
namespace {

TEST(Schemas, APatternIsASchemaWithWildcards) {
  ASSERT_TRUE(PatternOf("tenant_*.orders"));
  EXPECT_EQ(PatternOf("tenant_*.orders")->schema, "tenant_*");
  EXPECT_EQ(PatternOf("tenant_*.orders")->table, "orders");
  EXPECT_EQ(PatternOf("Tenant_?.\"Odd.Table\"")->schema, "tenant_?");
  EXPECT_EQ(PatternOf("Tenant_?.\"Odd.Table\"")->table, "\"Odd.Table\"");
  EXPECT_FALSE(PatternOf("\"Tenant *\".orders"));
  EXPECT_FALSE(PatternOf("orders"));
  EXPECT_FALSE(PatternOf("public.orders"));
  EXPECT_FALSE(PatternOf("\"a*b\""));
  EXPECT_FALSE(PatternOf("public.\"a*b\""));
}

TEST(Schemas, WildcardsStandForAnyTextAndOneCharacter) {
  EXPECT_TRUE(MatchesSchema("tenant_*", "tenant_"));
  EXPECT_TRUE(MatchesSchema("tenant_*", "tenant_a_b"));
  EXPECT_FALSE(MatchesSchema("tenant_*", "tenant"));
  EXPECT_TRUE(MatchesSchema("t?", "tä"));
  EXPECT_FALSE(MatchesSchema("t?", "t"));
  EXPECT_FALSE(MatchesSchema("t?", "tab"));
  EXPECT_TRUE(MatchesSchema("*_prod", "a_prod_b_prod"));
  EXPECT_FALSE(MatchesSchema("*_prod", "a_prod_b"));
  EXPECT_TRUE(MatchesSchema("*", ""));
  EXPECT_TRUE(MatchesSchema("a*b*c", "aXbYbZc"));
}

TEST(Schemas, APolicyMayNameTheIndexesOfAllSchemas) {
  Policy policy;
  policy.indexes["orders.*"].filter = "a";
  policy.indexes["orders.x"].filter = "b";
  EXPECT_EQ(RulesOf(policy, "orders.x").size(), 2U);
  EXPECT_EQ(RulesOf(policy, "orders.y").size(), 1U);
  EXPECT_TRUE(RulesOf(policy, "orders").empty());
  EXPECT_TRUE(RulesOf(policy, "orders2").empty());
}

}  // namespace
}  // namespace pgsluice::config
