#include "app/cli/progress_view.h"

#include <gmock/gmock.h>

#include <sstream>

namespace pgsluice::app {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(ProgressView, BarOnATerminal) {
  std::ostringstream err;
  ProgressView view(err, "backfill", true);
  view.Show(50, 100, 7);
  EXPECT_THAT(err.str(), HasSubstr("[###############               ] backfill: 50 of 100 rows "
                                   "(50%), 7 s to go"));
  view.Show(120, 100, std::nullopt);
  EXPECT_THAT(err.str(), HasSubstr("] backfill: 120 of 100 rows (100%)"));
  view.End();
  EXPECT_THAT(err.str(), EndsWith("\r\x1b[K"));
}

TEST(ProgressView, NothingElsewhereBeforeTenSecondsAreOver) {
  std::ostringstream err;
  ProgressView view(err, "backfill", false);
  view.Show(0, 0, std::nullopt);
  view.Show(50, 100, 7);
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace pgsluice::app
