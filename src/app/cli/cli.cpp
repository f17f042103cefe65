#include "app/cli/cli.h"

#include <algorithm>
#include <iterator>

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

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  Invocation Run() {
    bool options_over = false;
    for (at_ = 0; at_ < arguments_.size(); ++at_) {
      const std::string& word = arguments_[at_];
      if (!options_over && word == "--") {
        options_over = true;
      } else if (!options_over && word == "-h") {
        out_.options["help"] = "true";
      } else if (!options_over && word.size() > 1 && word[0] == '-') {
        Option(word);
      } else {
        Word(word);
      }
    }
    if (!out_.Has("help") && !out_.Has("version")) Complete();
    return out_;
  }

 private:
  std::string HelpHint() const {
    return "see pgsluice " + (command_ != nullptr ? command_->name + ' ' : "") + "--help";
  }

  void Word(const std::string& word) {
    if (command_ == nullptr) {
      command_ = FindByName(Commands(), word);
      if (command_ == nullptr) {
        throw UsageError("unknown command \"" + word + '"',
                         DidYouMean(word, Names(Commands()), "", "see pgsluice --help"));
      }
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

  void Option(const std::string& word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const CliOption* option = word.starts_with("--") ? Find(name) : nullptr;
    if (option == nullptr) {
      throw UsageError("unknown option \"" + word.substr(0, equals) + '"',
                       DidYouMean(name, Known(), "--", HelpHint()));
    }
    const bool has_value = equals != std::string::npos;
    if (option->value.empty()) {
      if (has_value) throw UsageError("--" + name + " takes no value", HelpHint());
      out_.options[name] = "true";
    } else if (has_value) {
      out_.options[name] = word.substr(equals + 1);
    } else if (at_ + 1 < arguments_.size()) {
      out_.options[name] = arguments_[++at_];
    } else {
      throw UsageError("--" + name + " needs a value: " + option->value, HelpHint());
    }
  }

  const CliOption* Find(const std::string& name) const {
    if (const CliOption* global = FindByName(GlobalOptions(), name)) return global;
    return command_ == nullptr ? nullptr : FindByName(command_->options, name);
  }

  std::vector<std::string> Known() const {
    std::vector<std::string> known = Names(GlobalOptions());
    if (command_ == nullptr) return known;
    for (const CliOption& option : command_->options) known.push_back(option.name);
    return known;
  }

  void Complete() {
    if (command_ == nullptr) throw UsageError("a command is missing", "see pgsluice --help");
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

  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  const Command* command_ = nullptr;
  Invocation out_;
};

}  // namespace

Invocation Parse(const std::vector<std::string>& arguments) { return Parser(arguments).Run(); }

}  // namespace pgsluice::app
