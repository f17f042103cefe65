// Examples in docs/ are what they say they are.

#include "pgsluice/json/value.h"
#include "support/blocks.h"
#include "support/cli_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Docs : public CliFixture {
 protected:
  PgSandbox database_;
};

TEST_F(Docs, SchemasOfPgsyncAreTranslatedToWhatFitsTheirTables) {
  int theirs = 0;
  int ours = 0;
  for (const Block& block : BlocksOf("docs/pgsync.md")) {
    SCOPED_TRACE("docs/pgsync.md:" + std::to_string(block.line));
    if (block.info == "sql") database_.Exec(block.text);
    if (block.info != "json") continue;
    if (json::Parse(block.text).Find("indexes") == nullptr) {
      ++theirs;
      continue;
    }
    ++ours;
    Configure(block.text);
    const Outcome outcome = RunOn(database_, {"config", "check"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("warning: indexes")));
  }
  EXPECT_GE(theirs, 5);
  EXPECT_GE(ours, 7);
}

}  // namespace
}  // namespace pgsluice::testing
