// Examples in docs/ are what they say they are.

#include <fstream>

#include "pgsluice/json/value.h"
#include "support/cli_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Block {
  std::string language, text;
  int line = 0;
};

/// The fenced blocks of a page.
std::vector<Block> BlocksOf(const std::string& page) {
  std::ifstream in(PGSLUICE_SOURCE_DIR "/docs/" + page);
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.rfind("```", 0) == 0) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), "", number});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

class Docs : public CliFixture {
 protected:
  PgSandbox database_;
};

TEST_F(Docs, SchemasOfPgsyncAreTranslatedToWhatFitsTheirTables) {
  int theirs = 0;
  int ours = 0;
  for (const Block& block : BlocksOf("pgsync.md")) {
    SCOPED_TRACE("docs/pgsync.md:" + std::to_string(block.line));
    if (block.language == "sql") database_.Exec(block.text);
    if (block.language != "json") continue;
    if (json::Parse(block.text).Find("indexes") == nullptr) {
      ++theirs;
      continue;
    }
    ++ours;
    Configure(block.text);
    const Outcome outcome = RunOn(database_, {"config", "check"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("warning")));
  }
  EXPECT_GE(theirs, 5);
  EXPECT_GE(ours, 7);
}

}  // namespace
}  // namespace pgsluice::testing
