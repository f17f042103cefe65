#include "api/http/client_address.h"

#include <gtest/gtest.h>

namespace pgsluice::api {
namespace {

TEST(ClientAddressTest, BelievesOnlyTrustedProxies) {
  const std::vector<std::string> none, proxies = {"10.0.0.0/8", "::1"};
  EXPECT_EQ(ClientAddress("10.1.2.3", "1.1.1.1", none), "10.1.2.3");
  EXPECT_EQ(ClientAddress("10.1.2.3", "1.1.1.1", proxies), "1.1.1.1");
  EXPECT_EQ(ClientAddress("11.1.2.3", "1.1.1.1", proxies), "11.1.2.3");
  EXPECT_EQ(ClientAddress("::1", "6.6.6.6, 1.1.1.1 , 10.9.9.9", proxies), "1.1.1.1");
  EXPECT_EQ(ClientAddress("::1", "10.8.8.8,10.9.9.9", proxies), "10.8.8.8");
  EXPECT_EQ(ClientAddress("::ffff:10.1.2.3", "2001:db8::1", proxies), "2001:db8::1");
  EXPECT_EQ(ClientAddress("10.1.2.3", "", proxies), "10.1.2.3");
  EXPECT_EQ(ClientAddress("10.1.2.3", "x'; DROP, ", proxies), "10.1.2.3");
}

TEST(ClientAddressTest, OneNetworkOfIpv6IsOneCaller) {
  EXPECT_EQ(LimitedAs("2001:db8::1"), LimitedAs("2001:db8::ffff:1"));
  EXPECT_NE(LimitedAs("2001:db8::1"), LimitedAs("2001:db8:0:1::1"));
  EXPECT_NE(LimitedAs("1.2.3.4"), LimitedAs("1.2.3.5"));
  EXPECT_EQ(LimitedAs("1.2.3.4"), LimitedAs("::ffff:1.2.3.4"));
  EXPECT_TRUE(IsLoopbackAddress("127.0.0.9") && IsLoopbackAddress("::1"));
  EXPECT_FALSE(IsLoopbackAddress("10.0.0.1") || IsLoopbackAddress("") || IsLoopbackAddress("x"));
}

}  // namespace
}  // namespace pgsluice::api
