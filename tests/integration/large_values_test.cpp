// Values so large that their text or their JSON cannot be a value: the triggers fail no statement.

#include <gmock/gmock.h>

#include "support/capture_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

class LargeValues : public CaptureTest {
 protected:
  LargeValues() {
    // Compressed, so that neither the disk nor the time grows with the values.
    Exec(
        "DO $$ BEGIN SET default_toast_compression = lz4; EXCEPTION WHEN OTHERS THEN NULL; END $$");
  }
};

TEST_F(LargeValues, OfAWatchedColumn) {
  // As hex text the value is longer than 1 GB.
  Exec(
      "CREATE UNLOGGED TABLE t (id int PRIMARY KEY, v bytea, n int);"
      "INSERT INTO t SELECT 1, convert_to(repeat('x', 600000000), 'UTF8'), 1");
  Attach("'public.t', ARRAY['v', 'n']");
  EXPECT_THAT(EventsOf("UPDATE t SET n = 2"), ElementsAre("[1]"));
}

TEST_F(LargeValues, OfARowWithoutAKey) {
  Exec("CREATE UNLOGGED TABLE t (v text, n int)");
  Attach("'public.t'");
  // As JSON, with \u0001 for each character, the value is longer than 1 GB.
  EXPECT_THAT(EventsOf("INSERT INTO t SELECT repeat(chr(1), 200000000), 1"),
              ElementsAre(StartsWith("[\"sha256:")));
}

}  // namespace
}  // namespace pgsluice::testing
