#include <Poco/Util/HelpFormatter.h>
#include <spdlog/fmt/fmt.h>

#include <sstream>

#include "app/cli/cli.h"
#include "app/cli/option_set.h"

namespace pgsluice::app {

namespace {

constexpr int kWidth = 100;

/// Formats a title and, below it, a line for each name and its meaning.
template <typename Entry>
std::string Table(const std::string& title, const std::vector<Entry>& entries) {
  std::string out = entries.empty() ? "" : "\n" + title + ":\n";
  for (const Entry& entry : entries) {
    out += fmt::format("  {:<14} {}\n", entry.name, entry.description);
  }
  return out;
}

struct Text {
  std::string command, usage, header, footer;
};

std::string Formatted(const Text& text, const std::vector<CliOption>& options) {
  Poco::Util::OptionSet set;
  Define(set, options);
  Define(set, GlobalOptions());
  Poco::Util::HelpFormatter formatter(set);
  formatter.setWidth(kWidth);
  formatter.setCommand(text.command);
  formatter.setUsage(text.usage);
  formatter.setHeader(text.header.substr(0, text.header.find_last_not_of('\n') + 1));
  formatter.setFooter(text.footer);
  std::ostringstream out;
  formatter.format(out);
  return "Usage" + out.str().substr(5);  // Poco begins it with "usage".
}

std::string General() {
  return Formatted(
      {.command = "pgsluice",
       .usage = "<command> [options]",
       .header = "\nKeeps Elasticsearch or OpenSearch in step with PostgreSQL and serves search "
                 "over REST.\n" +
                 Table("Commands", Commands()),
       .footer = "First steps:\n"
                 "  export PGSLUICE_DATABASE_URL=postgresql://app@db/shop\n"
                 "  export PGSLUICE_ELASTICSEARCH_URL=http://search:9200\n"
                 "  pgsluice migrate up\n"
                 "  pgsluice run\n"
                 "\nExit codes: 0 ok, 1 failed, 2 usage, 3 verify found differences, 4 timeout, "
                 "78 bad configuration."},
      {});
}

std::string Usage(const Command& command) {
  std::string usage;
  for (const CliWord& word : command.subcommands) usage += (usage.empty() ? "" : "|") + word.name;
  if (!command.default_subcommand.empty()) usage = '[' + usage + ']';
  if (!command.arguments.empty()) usage += (usage.empty() ? "" : " ") + command.arguments;
  return usage + (usage.empty() ? "" : " ") + "[options]";
}

std::vector<CliOption> DescribedOptions(const Command& command) {
  std::vector<CliOption> options = command.options;
  for (CliOption& option : options) {
    if (!option.only.empty()) option.description += " (" + option.only + ")";
  }
  return options;
}

std::string OfCommand(const Command& command) {
  std::string examples = "Examples:";
  for (const CliWord& example : command.examples) {
    examples +=
        "\n  " + example.name + (example.description.empty() ? "" : "    # " + example.description);
  }
  return Formatted(
      {.command = "pgsluice " + command.name,
       .usage = Usage(command),
       .header = '\n' + command.description + '\n' + Table("Sub-commands", command.subcommands),
       .footer = examples},
      DescribedOptions(command));
}

}  // namespace

std::string Help(const std::string& command) {
  for (const Command& known : Commands()) {
    if (known.name == command) return OfCommand(known);
  }
  return General();
}

}  // namespace pgsluice::app
