#include "pg/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/base/error.h"

namespace pgsluice::pg {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ConnInfo, UrlsAndKeyValuesMeanTheSame) {
  EXPECT_EQ(ConnInfo({.url = "postgresql://me:s%27c@db:5433/shop"}),
            ConnInfo({.url = "host=db port=5433 user=me dbname=shop password='s\\'c'"}));
}

TEST(ConnInfo, FillsWhatTheUserLeftOpen) {
  const std::string text = ConnInfo({.url = "postgresql://db/shop", .connect_timeout_s = 9});
  EXPECT_THAT(text, HasSubstr("connect_timeout='9'"));
  EXPECT_THAT(text, HasSubstr("fallback_application_name='pgsluice'"));
  EXPECT_THAT(text, HasSubstr("keepalives_idle='30'"));
  EXPECT_THAT(ConnInfo({.url = "postgresql://db/shop?connect_timeout=2&keepalives_idle=7"}),
              ::testing::AllOf(HasSubstr("connect_timeout='2'"), HasSubstr("keepalives_idle='7'"),
                               Not(HasSubstr("'30' keepalives_interval"))));
}

TEST(ConnInfo, DescriptionsAndErrorsHoldNoPassword) {
  EXPECT_EQ(Describe({.url = "postgresql://me:secret@db:5433/shop"}), "db:5433/shop as me");
  try {
    ConnInfo({.url = "postgresql://me:secret@db:5433/shop?no_such_option=secret"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.disposition(), Disposition::kFatal);
    EXPECT_THAT(error.Full(), Not(HasSubstr("secret")));
  }
}

TEST(Quote, NamesAndLiteralsStayWhatTheyAre) {
  EXPECT_EQ(Session::QuoteName("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(Session::QuoteLiteral("it's"), "'it''s'");
  EXPECT_EQ(Session::QuoteLiteral("a\\b"), " E'a\\\\b'");
}

}  // namespace
}  // namespace pgsluice::pg
