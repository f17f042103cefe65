#include "pgsluice/json/equal.h"

#include <gtest/gtest.h>

namespace pgsluice::json {
namespace {

bool Same(std::string_view a, std::string_view b) { return Equal(Parse(a), Parse(b)); }

TEST(JsonEqual, MembersInAnyOrderItemsInTheirs) {
  EXPECT_TRUE(Same(R"({"a":1,"b":[1,{"c":null}]})", R"({"b":[1,{"c":null}],"a":1})"));
  EXPECT_FALSE(Same("[1,2]", "[2,1]"));
  EXPECT_FALSE(Same(R"({"a":1})", R"({"a":1,"b":null})"));
  EXPECT_FALSE(Same(R"({"a":1,"b":2})", R"({"a":1,"c":2})"));
}

TEST(JsonEqual, DigitsCount) {
  EXPECT_TRUE(Same("1.50", "1.50"));
  EXPECT_FALSE(Same("1.50", "1.5"));
  EXPECT_FALSE(Same("12345678901234567.89", "12345678901234568"));
  EXPECT_FALSE(Same("1", "\"1\""));
  EXPECT_FALSE(Same("true", "false"));
}

}  // namespace
}  // namespace pgsluice::json
