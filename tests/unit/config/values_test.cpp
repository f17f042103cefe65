#include "pgsluice/config/values.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "pgsluice/config/finding.h"
#include "pgsluice/config/schema.h"
#include "pgsluice/json/value.h"
#include "support/paths.h"

namespace pgsluice::config {
namespace {

TEST(Values, Bytes) {
  EXPECT_EQ(ParseBytes("5MB"), 5U << 20U);
  EXPECT_EQ(ParseBytes("512 kb"), 512U << 10U);
  EXPECT_EQ(ParseBytes("1gb"), 1U << 30U);
  EXPECT_EQ(ParseBytes("17"), 17U);
  for (const char* bad : {"", "MB", "5TB", "-1", "1.5MB", "99999999999999999999"}) {
    EXPECT_FALSE(ParseBytes(bad)) << bad;
  }
}

TEST(Values, Durations) {
  EXPECT_EQ(ParseDuration("250ms")->count(), 250);
  EXPECT_EQ(ParseDuration("30s")->count(), 30000);
  EXPECT_EQ(ParseDuration("2m")->count(), 120000);
  EXPECT_EQ(ParseDuration("5")->count(), 5000);
  for (const char* bad : {"", "s", "5 parsecs", "-1s"}) EXPECT_FALSE(ParseDuration(bad)) << bad;
}

TEST(Values, TimesHaveOffsets) {
  EXPECT_EQ(ParseTime("1970-01-02"), 86400);
  EXPECT_EQ(ParseTime("2027-01-01T00:00:00Z"), 1798761600);
  EXPECT_EQ(ParseTime("2027-01-01T00:00:00+02:00"), 1798761600 - 7200);
  EXPECT_EQ(ParseTime("2027-01-01T00:00:00.5-0230"), 1798761600 + 9000);
  EXPECT_EQ(ParseTime("2027-01-01 00:00"), 1798761600);
  for (const char* bad : {"", "2027", "2027-13-01", "2027-02-30", "2027-01-01T25:00:00Z", "soon",
                          "2027-01-01T00:00:00+25:00", "2027-01-01T"}) {
    EXPECT_FALSE(ParseTime(bad)) << bad;
    EXPECT_TRUE(CheckDate(bad)) << bad;
  }
}

TEST(Values, PasswordsInUrlsAreEncoded) {
  for (const char* good :
       {"postgresql://app:p#w?x@db/shop", "postgresql://app@db/shop?user=a@b", "postgresql:///shop",
        "postgresql://db:5432/shop?user=a@b&sslmode=require", "postgresql://[::1]:5432/x?user=a@b",
        "postgresql://app:pw@db:5432/shop?options=-ca=x@y/z",
        "postgresql://app:p%2Fw%40x@db:5432/shop", "host=db password='a/b@c'"}) {
    EXPECT_FALSE(CheckDatabaseUrl(good)) << good;
  }
  for (const char* bad : {"postgresql://app:p/w@db/shop", "postgresql://app:p@w@db/shop",
                          "postgresql://app:p/w?x@db/shop", "postgresql://app:p/w?host=x@db",
                          "postgresql://app:5432/x?user=secret@db:5432/shop",
                          "postgresql://app:1/x?user=y@db/shop"}) {
    const auto wrong = CheckDatabaseUrl(bad);
    ASSERT_TRUE(wrong) << bad;
    EXPECT_NE(wrong->find("%2F"), std::string::npos) << *wrong;
  }
}

TEST(Values, Addresses) {
  EXPECT_EQ(ParseAddress("[::1]:8080")->host, "::1");
  EXPECT_EQ(ParseAddress("localhost:0")->port, 0);
  EXPECT_EQ(ParseAddress(":80")->host, "0.0.0.0");
  for (const char* bad : {"", "8080", "a:", "a:65536", "a:-1", "::1:80", "[::1]80", "http://a:1"}) {
    EXPECT_FALSE(ParseAddress(bad)) << bad;
  }
  EXPECT_TRUE(IsLoopback({"127.0.0.2", 1}));
  EXPECT_FALSE(IsLoopback({"0.0.0.0", 1}));
}

TEST(Values, IndexNames) {
  EXPECT_FALSE(CheckIndexName("", "projects"));
  EXPECT_FALSE(CheckIndexName("p-", "_a"));
  EXPECT_FALSE(CheckIndexName("", std::string(200, 'a')));
  EXPECT_TRUE(CheckIndexName("p", std::string(200, 'a')));
  EXPECT_TRUE(CheckIndexName("P-", "a"));
  EXPECT_TRUE(CheckIndexName("", "instantsearch"));
  EXPECT_TRUE(CheckIndexName("", ".."));
}

TEST(Nearest, FindsTypingMistakesOnly) {
  EXPECT_EQ(Nearest("tabel", {"table", "key"}), "table");
  EXPECT_EQ(Nearest("Projects", {"projects"}), "projects");
  EXPECT_EQ(Nearest("kye", {"table", "key"}), "key");
  EXPECT_EQ(Nearest("something", {"table", "key"}), "");
  EXPECT_EQ(Nearest("x", {}), "");
}

TEST(Schema, IsJsonThatKnowsEveryLevel) {
  const json::Value schema = json::Parse(SchemaJson());
  EXPECT_EQ(schema.Find("$schema")->text, "https://json-schema.org/draft/2020-12/schema");
  EXPECT_NE(schema.Find({"properties", "indexes", "additionalProperties", "$ref"}), nullptr);
  EXPECT_EQ(
      schema.Find({"$defs", "embed", "properties", "embed", "additionalProperties", "$ref"})->text,
      "#/$defs/embed");
  EXPECT_EQ(schema.Find({"$defs", "sync", "properties", "workers", "maximum"})->text, "64");
}

TEST(Readme, HasTheTableOfEnvironmentVariablesAndFlags) {
  std::ifstream in(testing::SourceFile("/README.md"));
  const std::string readme{std::istreambuf_iterator<char>(in), {}};
  EXPECT_NE(readme.find(SettingsMarkdown()), std::string::npos) << SettingsMarkdown();
}

}  // namespace
}  // namespace pgsluice::config
