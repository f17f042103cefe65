#include "app/cli/cli.h"

#include <Poco/Util/OptionException.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/Validator.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/cli/option_set.h"
#include "pgsluice/config/finding.h"

namespace pgsluice::app {

namespace {

std::string DidYouMean(const std::string& word, const std::vector<std::string>& candidates,
                       const std::string& prefix, const std::string& otherwise) {
  const std::string nearest = config::Nearest(word, candidates);
  return nearest.empty() ? otherwise : "did you mean " + prefix + nearest + "?";
}

template <typename Entry>
const Entry* FindByName(const std::vector<Entry>& entries, const std::string& name) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

template <typename Entry>
std::vector<std::string> Names(const std::vector<Entry>& entries) {
  std::vector<std::string> names;
  std::transform(entries.begin(), entries.end(), std::back_inserter(names),
                 [](const Entry& entry) { return entry.name; });
  return names;
}

const Command& FindCommand(const std::string& name) {
  if (const Command* found = FindByName(Commands(), name)) return *found;
  throw UsageError("unknown command \"" + name + '"',
                   DidYouMean(name, Names(Commands()), "", "see pgsluice --help"));
}

/// Parses the command line word by word. Poco splits options from their values. It would also
/// accept abbreviations, another case, "--name:value" and "-help", so these are refused before Poco
/// sees them. A command's options are accepted only after its name.
class Parser {
 public:
  Parser() { Define(known_, GlobalOptions()); }

  Invocation Run(const std::vector<std::string>& arguments) {
    for (const std::string& word : arguments) Take(word);
    if (!expects_value_.empty()) {
      throw UsageError("--" + expects_value_ +
                           " needs a value: " + known_.getOption(expects_value_).argumentName(),
                       HelpHint());
    }
    Resolve();
    return out_;
  }

 private:
  void Take(const std::string& word) {
    const bool is_value = !std::exchange(expects_value_, {}).empty();
    const bool is_option = !is_value && !only_words_ && word.size() > 1 && word[0] == '-';
    if (is_option && word != "--") RequireKnown(word);
    std::string name;
    std::string value;
    try {
      if (!processor_.process(word, name, value)) return Word(word);
    } catch (const Poco::Util::UnexpectedArgumentException&) {
      throw UsageError(word.substr(0, word.find('=')) + " takes no value", HelpHint());
    }
    if (!name.empty()) return Option(name, value);
    if (word == "--") {
      only_words_ = true;
    } else {
      expects_value_ = word.substr(2);
    }
  }

  void RequireKnown(const std::string& word) const {
    const std::string text = word.substr(0, word.find('='));
    const std::string name = text.starts_with("--") ? text.substr(2) : "";
    std::vector<std::string> names;
    for (const Poco::Util::Option& option : known_) {
      if (name == option.fullName() || word == '-' + option.shortName()) return;
      names.push_back(option.fullName());
    }
    throw UsageError("unknown option \"" + text + '"', DidYouMean(name, names, "--", HelpHint()));
  }

  void Option(const std::string& name, const std::string& value) {
    const Poco::Util::Option& option = known_.getOption(name);
    if (option.validator() != nullptr) option.validator()->validate(option, value);
    out_.options[name] = option.takesArgument() ? value : "true";
  }

  std::string HelpHint() const {
    return "see pgsluice " + (command_ != nullptr ? command_->name + ' ' : "") + "--help";
  }

  void Word(const std::string& word) {
    if (command_ == nullptr) {
      command_ = &FindCommand(word);
      Define(known_, command_->options);
      out_.command = word;
    } else if (!command_->subcommands.empty() && out_.subcommand.empty()) {
      if (FindByName(command_->subcommands, word) == nullptr) {
        throw UsageError("unknown sub-command \"" + word + "\" of " + command_->name,
                         DidYouMean(word, Names(command_->subcommands), "", HelpHint()));
      }
      out_.subcommand = word;
    } else if (command_->arguments.empty()) {
      throw UsageError(command_->name + " takes no argument \"" + word + '"', HelpHint());
    } else {
      out_.arguments.push_back(word);
    }
  }

  /// `help verify` is `verify --help`, `version` is `--version`; anything else has to be complete.
  void Resolve() {
    if (out_.command == "help") {
      out_.command = out_.arguments.empty() ? "" : FindCommand(out_.arguments.front()).name;
      out_.options["help"] = "true";
    } else if (out_.command == "version") {
      out_.options["version"] = "true";
    }
    if (command_ != nullptr && !out_.Has("help") && !out_.Has("version")) RequireComplete();
  }

  void RequireComplete() {
    if (out_.subcommand.empty()) out_.subcommand = command_->default_subcommand;
    if (!command_->subcommands.empty() && out_.subcommand.empty()) {
      throw UsageError(command_->name + " needs a sub-command", HelpHint());
    }
    for (const CliOption& option : command_->options) {
      if (out_.Has(option.name) && !option.only.empty() && option.only != out_.subcommand) {
        throw UsageError("--" + option.name + " belongs to " + command_->name + ' ' + option.only,
                         HelpHint());
      }
    }
    const bool required = !command_->arguments.empty() && command_->arguments[0] != '[';
    if (required && out_.arguments.empty()) {
      throw UsageError(command_->name + " needs an argument: " + command_->arguments, HelpHint());
    }
  }

  Poco::Util::OptionSet known_;
  Poco::Util::OptionProcessor processor_{known_};
  bool only_words_ = false;    ///< After "--".
  std::string expects_value_;  ///< The option whose value the next word is.
  const Command* command_ = nullptr;
  Invocation out_;
};

}  // namespace

Invocation Parse(const std::vector<std::string>& arguments) { return Parser().Run(arguments); }

}  // namespace pgsluice::app
