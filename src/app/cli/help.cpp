#include <spdlog/fmt/fmt.h>

#include "app/cli/cli.h"

namespace pgsluice::app {

namespace {

void Row(std::string& out, const std::string& name, const std::string& description) {
  out += fmt::format("  {:<30} {}\n", name, description);
}

void Options(std::string& out, const std::vector<CliOption>& options) {
  for (const CliOption& option : options) {
    const std::string only = option.only.empty() ? "" : " (" + option.only + ")";
    Row(out, "--" + option.name + (option.value.empty() ? "" : " " + option.value),
        option.description + only);
  }
}

std::string General() {
  std::string out =
      "pgsluice keeps Elasticsearch or OpenSearch in step with PostgreSQL and serves search over "
      "REST.\n\nUsage: pgsluice <command> [options]\n\nCommands:\n";
  for (const Command& command : Commands()) Row(out, command.name, command.description);
  out += "\nOptions of every command:\n";
  Options(out, GlobalOptions());
  return out +
         "\nFirst steps:\n"
         "  export PGSLUICE_DATABASE_URL=postgresql://app@db/shop\n"
         "  export PGSLUICE_ELASTICSEARCH_URL=http://search:9200\n"
         "  pgsluice migrate up\n"
         "  pgsluice run\n"
         "\nExit codes: 0 ok, 1 failed, 2 usage, 3 verify found differences, 4 timeout, 78 bad "
         "configuration.\n";
}

std::string OfCommand(const Command& command) {
  std::string out = fmt::format("pgsluice {}: {}\n\nUsage: pgsluice {}", command.name,
                                command.description, command.name);
  if (!command.subcommands.empty()) {
    std::string words;
    for (const CliWord& word : command.subcommands) words += (words.empty() ? "" : "|") + word.name;
    out += command.default_subcommand.empty() ? " " + words : " [" + words + "]";
  }
  if (!command.arguments.empty()) out += ' ' + command.arguments;
  out += " [options]\n";
  if (!command.subcommands.empty()) out += "\nSub-commands:\n";
  for (const CliWord& word : command.subcommands) Row(out, word.name, word.description);
  if (!command.options.empty()) out += "\nOptions:\n";
  Options(out, command.options);
  out += "\nOptions of every command:\n";
  Options(out, GlobalOptions());
  out += "\nExamples:\n";
  for (const CliWord& example : command.examples) {
    out += "  " + example.name +
           (example.description.empty() ? "" : "    # " + example.description) + '\n';
  }
  return out;
}

}  // namespace

std::string Help(const std::string& command) {
  for (const Command& known : Commands()) {
    if (known.name == command) return OfCommand(known);
  }
  return General();
}

}  // namespace pgsluice::app
