#include "app/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace pgsluice::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Mistake(const std::vector<std::string>& arguments) {
  try {
    Parse(arguments);
  } catch (const UsageError& error) {
    return error.Full();
  }
  return "none";
}

TEST(Cli, ParsesCommandSubcommandArgumentsAndOptions) {
  const Invocation invocation = Parse({"--log-level=debug", "dead-letters", "retry", "--json", "17",
                                       "--config", "a.json", "--", "--odd"});
  EXPECT_EQ(invocation.command, "dead-letters");
  EXPECT_EQ(invocation.subcommand, "retry");
  EXPECT_THAT(invocation.arguments, ElementsAre("17", "--odd"));
  EXPECT_EQ(invocation.Option("log-level"), "debug");
  EXPECT_EQ(invocation.Option("config"), "a.json");
  EXPECT_TRUE(invocation.Has("json"));
  EXPECT_FALSE(invocation.Has("all"));
}

TEST(Cli, MigrateIsMigrateUp) {
  EXPECT_EQ(Parse({"migrate"}).subcommand, "up");
  EXPECT_EQ(Parse({"migrate", "--no-attach"}).subcommand, "up");
}

TEST(Cli, MistakesSayWhatAndWhatWasMeant) {
  EXPECT_EQ(Mistake({"stauts"}), "unknown command \"stauts\"; did you mean status?");
  EXPECT_EQ(Mistake({"frobnicate"}), "unknown command \"frobnicate\"; see pgsluice --help");
  EXPECT_EQ(Mistake({"verify", "--repiar"}), "unknown option \"--repiar\"; did you mean --repair?");
  EXPECT_EQ(Mistake({"status", "-x"}), "unknown option \"-x\"; see pgsluice status --help");
  EXPECT_EQ(Mistake({"config", "chekc"}),
            "unknown sub-command \"chekc\" of config; did you mean check?");
  EXPECT_EQ(Mistake({"config"}), "config needs a sub-command; see pgsluice config --help");
  EXPECT_EQ(Mistake({"run", "now"}), "run takes no argument \"now\"; see pgsluice run --help");
  EXPECT_EQ(Mistake({"run", "--listen"}),
            "--listen needs a value: HOST:PORT; see pgsluice run --help");
  EXPECT_EQ(Mistake({"verify", "--repair=yes"}),
            "--repair takes no value; see pgsluice verify --help");
  EXPECT_EQ(Mistake({"migrate", "status", "--yes"}),
            "--yes belongs to migrate down; see pgsluice migrate --help");
}

TEST(Cli, OptionsAreNeitherAbbreviatedNorSpelledInOtherWays) {
  for (const char* word : {"--repai", "--r", "--REPAIR", "--repair:yes", "-repair", "-r", "-j"}) {
    EXPECT_THAT(Mistake({"verify", word}), HasSubstr("unknown option")) << word;
  }
  for (const char* word : {"--hel", "-help", "-he", "-hx", "--daemon", "--pidfile=x"}) {
    EXPECT_THAT(Mistake({word}), HasSubstr("unknown option")) << word;
  }
  EXPECT_EQ(Mistake({"--json", "status"}), "unknown option \"--json\"; see pgsluice --help");
}

TEST(Cli, ValuesMayLookLikeOptionsAndTheLastOneCounts) {
  const Invocation invocation = Parse({"wait", "--after", "--", "--config=", "--config", "a:b=c"});
  EXPECT_EQ(invocation.Option("after"), "--");
  EXPECT_EQ(invocation.Option("config"), "a:b=c");
  EXPECT_TRUE(Parse({"--config=", "run"}).Option("config", "none").empty());
  EXPECT_THAT(Parse({"attach", "-", "--", "-h"}).arguments, ElementsAre("-", "-h"));
}

TEST(Cli, WrongValuesAreMistakes) {
  EXPECT_EQ(Mistake({"backfill", "--rate", "fast"}),
            "--rate must be a whole number of rows per second, at least 1");
  EXPECT_EQ(Mistake({"wait", "--timeout=soon"}), "--timeout must be a time as in 500ms, 30s, 2m");
  EXPECT_EQ(Mistake({"preview", "i", "--limit", "0"}), "--limit must be a number from 1 to 10000");
  EXPECT_EQ(Mistake({"preview", "i", "--show", "all of it"}),
            "--show must be document, mapping, sql or all");
  EXPECT_EQ(
      Mistake({"--log-level", "debgu", "run"}),
      "--log-level must be one of trace, debug, info, warn, error, not \"debgu\"; did you mean "
      "\"debug\"?");
  EXPECT_THAT(Mistake({"run", "--workers", "two"}), HasSubstr("--workers must be a whole number"));
  EXPECT_THAT(Mistake({"run", "--workers", "-1"}), HasSubstr("--workers must be"));
  EXPECT_THAT(Mistake({"serve", "--listen", "8080"}), HasSubstr("--listen must be host:port"));
  EXPECT_THAT(Mistake({"health", "--admin-listen", ":x"}), HasSubstr("--admin-listen must be"));
  EXPECT_THAT(Mistake({"run", "--database-url", "http://x"}), HasSubstr("--database-url must be"));
  EXPECT_THAT(Mistake({"run", "--elasticsearch-url", "http://a:9200,ftp://b"}),
              HasSubstr("--elasticsearch-url must be a URL"));
  EXPECT_EQ(Mistake({"run", "--elasticsearch-url", "http://a:9200,http://b", "--workers=3",
                     "--listen", "[::1]:80", "--log-format", "json"}),
            "none");
}

TEST(Cli, HelpAndVersionAreCommandsToo) {
  EXPECT_TRUE(Parse({"help"}).Has("help"));
  EXPECT_EQ(Parse({"help"}).command, "");
  EXPECT_EQ(Parse({"help", "verify"}).command, "verify");
  EXPECT_TRUE(Parse({"help", "verify"}).Has("help"));
  EXPECT_EQ(Mistake({"help", "verfiy"}), "unknown command \"verfiy\"; did you mean verify?");
  EXPECT_TRUE(Parse({"version"}).Has("version"));
  EXPECT_EQ(Mistake({"completion"}),
            "completion needs a sub-command; see pgsluice completion --help");
  EXPECT_TRUE(Parse({}).command.empty());
}

TEST(Cli, HelpNeedsNothingElse) {
  EXPECT_TRUE(Parse({"--help"}).Has("help"));
  EXPECT_TRUE(Parse({"config", "-h"}).Has("help"));
  EXPECT_TRUE(Parse({"--version"}).Has("version"));
}

TEST(Cli, EveryCommandHasHelpWithAnExampleThatParses) {
  const std::string general = Help("");
  for (const Command& command : Commands()) {
    EXPECT_THAT(general, HasSubstr("\n  " + command.name + " "));
    const std::string help = Help(command.name);
    for (const CliOption& option : command.options)
      EXPECT_THAT(help, HasSubstr("--" + option.name));
    ASSERT_FALSE(command.examples.empty()) << command.name;
    for (const CliWord& example : command.examples) {
      EXPECT_THAT(help, HasSubstr(example.name));
      std::vector<std::string> words;
      std::istringstream in(example.name);
      for (std::string word; in >> word && word != "|" && word != ">";) words.push_back(word);
      ASSERT_EQ(words.front(), "pgsluice");
      words.erase(words.begin());
      EXPECT_EQ(Mistake(words), "none") << example.name;
    }
  }
}

}  // namespace
}  // namespace pgsluice::app
