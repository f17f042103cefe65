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
  view.Say("ids are compared");
  EXPECT_THAT(err.str(), HasSubstr("\x1b[Kbackfill: ids are compared"));
  view.End();
  EXPECT_THAT(err.str(), EndsWith("\r\x1b[K"));
}

TEST(ProgressView, NothingElsewhereInTheFirstSecond) {
  std::ostringstream err;
  ProgressView view(err, "backfill", false);
  view.Show(0, 0, std::nullopt);
  EXPECT_EQ(err.str(), "");
}

TEST(ProgressView, TextHasRowsRateAndTimeLeft) {
  EXPECT_EQ(ProgressText(500, 1000, 250, std::nullopt),
            "500 of 1000 rows (50%), 250 rows/s, 2 s to go");
  EXPECT_EQ(ProgressText(500, 1000, 0, 7), "500 of 1000 rows (50%), 7 s to go");
  EXPECT_EQ(ProgressText(3, 1000, 0, std::nullopt), "3 of 1000 rows (0.3%)");
  // The number of rows was an estimate, and some are left.
  EXPECT_EQ(ProgressText(120, 100, 0, std::nullopt), "120 of 120 rows (99%)");
  EXPECT_EQ(ProgressText(0, 0, 0, std::nullopt), "0 of 0 rows");
}

}  // namespace
}  // namespace pgsluice::app
