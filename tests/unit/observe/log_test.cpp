#include "pgsluice/observe/log.h"

#include <gtest/gtest.h>

#include "observe/log_format.h"

namespace pgsluice::observe {
namespace {

TEST(Log, JsonLineHasStableKeysAndEscapes) {
  EXPECT_EQ(JsonLine(Level::kWarn, "sync", "engine \"es\"\nis away",
                     {{"index", "projects"}, {"attempt", "3"}, {"lag", "0.5"}, {"id", "007"}}),
            R"("level":"warn","msg":"engine \"es\"\nis away","component":"sync",)"
            R"("index":"projects","attempt":3,"lag":0.5,"id":"007")");
}

TEST(Log, TextLineStaysOnOneLine) {
  EXPECT_EQ(TextLine("sync", "a\nb", {{"n", "1"}, {"why", "two words"}, {"none", ""}}),
            "sync: a b (n=1, why=\"two words\", none=\"\")");
}

TEST(Log, LinesGoToStderrFromTheConfiguredLevelOn) {
  ConfigureLog("json", "warn");
  testing::internal::CaptureStderr();
  ConfigureLog("json", "warn");
  Log(Level::kInfo, "test", "quiet");
  Log(Level::kError, "test", "loud {} %v");
  const std::string out = testing::internal::GetCapturedStderr();
  ConfigureLog("text", "info");
  EXPECT_EQ(out.find("quiet"), std::string::npos);
  EXPECT_NE(out.find(R"(Z","level":"error","msg":"loud {} %v","component":"test"})"),
            std::string::npos);
  EXPECT_EQ(out.find("{\"ts\":\"20"), 0U);
}

TEST(MaskUrl, HidesPasswordsWhereverTheyStand) {
  EXPECT_EQ(MaskUrl("postgresql://app:s3c@ret@db:5432/shop"), "postgresql://app:***@db:5432/shop");
  EXPECT_EQ(MaskUrl("postgresql://app@db/shop"), "postgresql://app@db/shop");
  EXPECT_EQ(MaskUrl("postgresql://db:5432/shop?user=a&password=x&sslmode=require"),
            "postgresql://db:5432/shop?user=a&password=***&sslmode=require");
  EXPECT_EQ(MaskUrl("host=db password = 'a \\' b' user=app"), "host=db password = *** user=app");
  EXPECT_EQ(MaskUrl("https://elastic:pw@search:9200"), "https://elastic:***@search:9200");
  for (const char* password : {"p/w", "p#w", "p?w", "p@w", "1/2", "a:b/c?d#e@f"}) {
    EXPECT_EQ(MaskUrl(std::string("https://app:") + password + "@db:9200/x"),
              "https://app:***@db:9200/x");
  }
  EXPECT_EQ(MaskUrl(""), "");
}

}  // namespace
}  // namespace pgsluice::observe
