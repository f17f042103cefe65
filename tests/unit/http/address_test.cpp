#include "http/address.h"

#include <gmock/gmock.h>

#include "pgsluice/base/error.h"

namespace pgsluice::http {
namespace {

TEST(Encode, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(Encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(Encode("a b/c|é"), "a%20b%2Fc%7C%C3%A9");
}

TEST(ParseAddress, TakesUrlsApart) {
  const Address address = ParseAddress("https://me:s%40crt@search.example:9243/es/");
  EXPECT_TRUE(address.tls);
  EXPECT_EQ(address.host, "search.example");
  EXPECT_EQ(address.port, 9243);
  EXPECT_EQ(address.prefix, "/es");
  EXPECT_EQ(address.user_info, "me:s@crt");
  EXPECT_EQ(address.text, "https://search.example:9243");
  EXPECT_EQ(ParseAddress("http://[::1]:9200").text, "http://[::1]:9200");
}

TEST(ParseAddress, RefusesOtherTextsWithoutShowingPasswords) {
  for (const char* url : {"", "search:9200", "ftp://host", "http://", "postgres://a:pw@b/c"}) {
    try {
      ParseAddress(url);
      ADD_FAILURE() << url;
    } catch (const Error& e) {
      EXPECT_EQ(e.disposition(), Disposition::kFatal);
      EXPECT_THAT(e.what(), ::testing::Not(::testing::HasSubstr("pw")));
    }
  }
}

TEST(HostHeader, HasThePortUnlessItIsTheUsualOne) {
  EXPECT_EQ(HostHeader(ParseAddress("http://search")), "search");
  EXPECT_EQ(HostHeader(ParseAddress("https://search:443/path")), "search");
  EXPECT_EQ(HostHeader(ParseAddress("https://search:80")), "search:80");
  EXPECT_EQ(HostHeader(ParseAddress("http://[::1]:9200")), "[::1]:9200");
}

TEST(Authorization, PrefersKeysOverPasswords) {
  const Address address = ParseAddress("http://u:p@h:1");
  EXPECT_EQ(Authorization({}, address), "Basic dTpw");
  EXPECT_EQ(Authorization({.username = "a", .password = "b"}, address), "Basic YTpi");
  EXPECT_EQ(Authorization({.username = "a", .bearer = "t"}, address), "Bearer t");
  EXPECT_EQ(Authorization({.api_key = "k", .bearer = "t"}, address), "ApiKey k");
  EXPECT_EQ(Authorization({}, ParseAddress("http://h:1")), "");
}

}  // namespace
}  // namespace pgsluice::http
