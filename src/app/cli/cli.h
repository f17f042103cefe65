#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/base/error.h"

/// The command line. One table of commands drives parsing, usage errors and help.
namespace pgsluice::app {

/// Returns what is wrong with a value ("must be a time as in 30s"), or nothing.
using ValueCheck = std::optional<std::string> (*)(std::string_view);

struct CliOption {
  std::string name;            ///< Without the dashes.
  std::string value;           ///< "URL"; empty: a switch.
  std::string description;     ///< One line.
  std::string only{};          ///< The sub-command that it belongs to; empty: all.
  ValueCheck check = nullptr;  ///< Null: the rule of the setting with this flag, if there is one.
  std::string short_name{};    ///< "h"
};

struct CliWord {
  std::string name;
  std::string description;
};

struct Command {
  std::string name;
  std::string description;  ///< One line.
  std::string arguments;    ///< "[INDEX...]"; empty: it takes none.
  std::vector<CliWord> subcommands{};
  std::string default_subcommand{};
  std::vector<CliOption> options{};
  std::vector<CliWord> examples{};  ///< Command line, and what it does.
};

const std::vector<Command>& Commands();
/// Returns the options that every command accepts.
const std::vector<CliOption>& GlobalOptions();

/// What the user requested. Options are known ones; a switch has the value "true".
struct Invocation {
  std::string command;  ///< Empty: none was given, or the general help is wanted.
  std::string subcommand;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> options;

  bool Has(const std::string& option) const { return options.contains(option); }
  std::string Option(const std::string& option, const std::string& otherwise = {}) const {
    const auto found = options.find(option);
    return found == options.end() ? otherwise : found->second;
  }
};

/// A mistake on the command line: exit code 2.
class UsageError : public Error {
 public:
  UsageError(const std::string& message, std::string hint)
      : Error(Disposition::kReject, message, std::move(hint)) {}
};

/// Parses the arguments after the program's name. Throws UsageError, also if the value of an option
/// is wrong. With --help or --version, nothing else is required.
Invocation Parse(const std::vector<std::string>& arguments);

/// Returns the help of a command, or the list of commands if `command` is empty.
std::string Help(const std::string& command);

}  // namespace pgsluice::app
