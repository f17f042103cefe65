#include "pgsluice/engine/index_body.h"

#include <gmock/gmock.h>

namespace pgsluice::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string SettingsFor(bool opensearch, const std::string& users = "{}") {
  plan::Plan plan;
  plan.config.settings = json::Parse(users);
  Flavor flavor;
  flavor.opensearch = opensearch;
  return SettingsJson(plan, config::Config(), flavor);
}

TEST(IndexSettings, RefreshesOfOpenSearchDoNotWaitForMerges) {
  EXPECT_THAT(SettingsFor(true), HasSubstr(R"("index.merge_on_flush.enabled":false)"));
  // An unknown setting, because of which it would refuse the index.
  EXPECT_THAT(SettingsFor(false), Not(HasSubstr("merge_on_flush")));
}

TEST(IndexSettings, UsersReplaceOursHoweverTheyAreWritten) {
  for (const char* users :
       {R"({"index":{"merge_on_flush":{"enabled":true}}})",
        R"({"index.merge_on_flush.enabled":true})", R"({"merge_on_flush.enabled":true})"}) {
    const std::string settings = SettingsFor(true, users);
    EXPECT_THAT(settings, HasSubstr(R"("index.merge_on_flush.enabled":true)")) << users;
    EXPECT_THAT(settings, Not(HasSubstr("false"))) << users;
  }
}

}  // namespace
}  // namespace pgsluice::engine
