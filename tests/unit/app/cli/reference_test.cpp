#include "app/cli/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli/cli.h"

namespace pgsluice::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ManPage, HasEveryCommandAndOption) {
  const std::string page = ManPage();
  for (const Command& command : Commands()) {
    EXPECT_THAT(page, HasSubstr(command.name == "dead-letters" ? ".SS pgsluice dead\\-letters"
                                                               : ".SS pgsluice " + command.name));
  }
  EXPECT_THAT(page, HasSubstr(".B \\-\\-config FILE"));
  EXPECT_THAT(page, Not(HasSubstr("\n\n")));
}

TEST(Completion, HasEveryCommandInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string text = Completion(shell);
    for (const Command& command : Commands()) EXPECT_THAT(text, HasSubstr(command.name)) << shell;
    EXPECT_THAT(text, HasSubstr("no-attach")) << shell;
  }
  EXPECT_THROW(Completion("tcsh"), Error);
}

}  // namespace
}  // namespace pgsluice::app
