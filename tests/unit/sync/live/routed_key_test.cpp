#include "sync/live/routed_key.h"

#include <gtest/gtest.h>

namespace pgsluice::sync {
namespace {

TEST(RoutedKey, CarriesTheRoutingAfterTheColumns) {
  EXPECT_EQ(RoutedKey(R"(["7","x"])", "de"), R"(["7","x",{"text":"de"}])");
  EXPECT_EQ(RoutedKey(R"(["7"])", "a\"b"), R"(["7",{"text":"a\"b"}])");
}

TEST(RoutedKey, AnEmptyRoutingChangesNothing) { EXPECT_EQ(RoutedKey(R"(["7"])", ""), R"(["7"])"); }

TEST(TakeRouting, RestoresTheKeyAndReturnsTheRouting) {
  for (const std::string routing : {"de", "a\"b", "ünï", " ", "]}"}) {
    for (const std::string plain : {R"(["7"])", R"(["7",null])", R"([1,"}]"])", R"(["a,b"])"}) {
      std::string key = RoutedKey(plain, routing);
      EXPECT_EQ(TakeRouting(key), routing) << plain;
      EXPECT_EQ(key, plain);
    }
  }
}

TEST(TakeRouting, LeavesAKeyWithoutRoutingUnchanged) {
  for (const std::string plain : {R"(["7"])", R"(["}]"])", R"([null])", "[]"}) {
    std::string key = plain;
    EXPECT_EQ(TakeRouting(key), "");
    EXPECT_EQ(key, plain);
  }
}

}  // namespace
}  // namespace pgsluice::sync
