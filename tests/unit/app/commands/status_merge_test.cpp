#include "app/commands/status_merge.h"

#include <gtest/gtest.h>

#include "app/cli/tokens.h"

namespace pgsluice::app {
namespace {

const std::string kShop =
    R"({"phase":"live","reason":"","lag_ms":40,"pending":2,"dead_letters":1,"indexes":{"orders":)"
    R"({"state":"live"}},"tables":{"public.orders":{"attached":true}},"versions":)"
    R"({"pgsluice":"1","postgresql":"15","engine":"OpenSearch 3"}})";
const std::string kCrm =
    R"({"phase":"degraded","reason":"database: away","indexes":{"people":{"state":"blocked"}}})";

TEST(MergeStatus, SumsCountsAndNamesTheDatabase) {
  EXPECT_EQ(
      MergeStatus({{"shop", kShop}, {"crm", kCrm}}),
      R"({"phase":"degraded","reason":"database crm: away","lag_ms":40,"pending":2,"dead_letters":1,)"
      R"("indexes":{"orders":{"database":"shop","state":"live"},)"
      R"("people":{"database":"crm","state":"blocked"}},)"
      R"("tables":{"shop.public.orders":{"attached":true}},)"
      R"("databases":{"shop":{"phase":"live","reason":"","lag_ms":40,"pending":2,"dead_letters":1,)"
      R"("versions":{"pgsluice":"1","postgresql":"15","engine":"OpenSearch 3"}},)"
      R"("crm":{"phase":"degraded","reason":"database: away"}},)"
      R"("versions":{"pgsluice":"1","engine":"OpenSearch 3"}})");
}

TEST(MergeStatus, OneDatabaseIsTakenOutAgain) {
  const std::string merged = MergeStatus({{"shop", kShop}, {"crm", kCrm}});
  EXPECT_EQ(StatusOf(json::Parse(merged), "shop"), MergeStatus({{"shop", kShop}}));
}

TEST(Tokens, NameTheirDatabase) {
  const std::vector<Token> tokens = ReadTokens("shop:48213,a:b:7,9");
  ASSERT_EQ(tokens.size(), 3U);
  EXPECT_EQ(tokens[0].database + ' ' + tokens[0].number, "shop 48213");
  EXPECT_EQ(tokens[1].database + ' ' + tokens[1].number, "a:b 7");
  EXPECT_EQ(tokens[2].database + ' ' + tokens[2].number, " 9");
}

}  // namespace
}  // namespace pgsluice::app
