#include <spdlog/fmt/fmt.h>

#include "app/cli/cli.h"
#include "app/cli/reference.h"

namespace pgsluice::app {

namespace {

template <typename Entry>
std::string Joined(const std::vector<Entry>& entries, const std::string& before = "") {
  std::string out;
  for (const Entry& entry : entries) out += (out.empty() ? "" : " ") + before + entry.name;
  return out;
}

std::string AllOptions(const Command& command) {
  const std::string own = Joined(command.options, "--");
  return (own.empty() ? "" : own + ' ') + Joined(GlobalOptions(), "--");
}

/// Returns the text single-quoted for the shells.
std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + '\'';
}

constexpr const char* kBashHead = R"(# bash completion for pgsluice
_pgsluice() {
  local word=${COMP_WORDS[COMP_CWORD]} command="" words="" options="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -*) ;;
      *) command=${COMP_WORDS[i]} && break ;;
    esac
  done
  if [ "${COMP_WORDS[COMP_CWORD-1]}" = --config ]; then
    COMPREPLY=($(compgen -f -- "$word"))
    return
  fi
  case $command in
)";
constexpr const char* kBashTail = R"(  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
  esac
}
complete -F _pgsluice pgsluice
)";

std::string Bash() {
  std::string out = kBashHead;
  out += fmt::format("    '') words=\"{}\" options=\"{}\" ;;\n", Joined(Commands()),
                     Joined(GlobalOptions(), "--"));
  for (const Command& command : Commands()) {
    out += fmt::format("    {}) words=\"{}\" options=\"{}\" ;;\n", command.name,
                       Joined(command.subcommands), AllOptions(command));
  }
  return out + kBashTail;
}

std::string Zsh() {
  std::string out = "#compdef pgsluice\n_pgsluice() {\n  local -a commands entries\n  commands=(\n";
  for (const Command& command : Commands()) {
    out += "    " + Quoted(command.name + ':' + command.description) + '\n';
  }
  out +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  case $words[2] in\n";
  const auto described = [](const std::vector<CliOption>& options) {
    std::string text;
    for (const CliOption& option : options) {
      text += ' ' + Quoted("--" + option.name + ':' + option.description);
    }
    return text;
  };
  for (const Command& command : Commands()) {
    out += fmt::format("    {}) entries=(", command.name);
    for (const CliWord& word : command.subcommands) {
      out += ' ' + Quoted(word.name + ':' + word.description);
    }
    out += described(command.options) + described(GlobalOptions()) + " ) ;;\n";
  }
  return out + "  esac\n  _describe 'option' entries\n}\n_pgsluice \"$@\"\n";
}

std::string Fish() {
  std::string out = "# fish completion for pgsluice\ncomplete -c pgsluice -f\n";
  const auto option_line = [](const CliOption& option, const std::string& when) {
    return fmt::format("complete -c pgsluice{} -l {}{} -d {}\n", when, option.name,
                       option.value.empty() ? "" : " -x", Quoted(option.description));
  };
  for (const CliOption& option : GlobalOptions()) {
    out += option.name == "config"
               ? "complete -c pgsluice -l config -r -F -d " + Quoted(option.description) + '\n'
               : option_line(option, "");
  }
  for (const Command& command : Commands()) {
    out += fmt::format("complete -c pgsluice -n __fish_use_subcommand -a {} -d {}\n", command.name,
                       Quoted(command.description));
    const std::string when = fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name);
    for (const CliWord& word : command.subcommands) {
      out += fmt::format("complete -c pgsluice{} -a {} -d {}\n", when, word.name,
                         Quoted(word.description));
    }
    for (const CliOption& option : command.options) out += option_line(option, when);
  }
  return out;
}

}  // namespace

std::string Completion(const std::string& shell) {
  if (shell == "bash") return Bash();
  if (shell == "zsh") return Zsh();
  if (shell == "fish") return Fish();
  throw Error(Disposition::kReject, "no completion for shell \"" + shell + '"',
              "there are bash, zsh and fish");
}

}  // namespace pgsluice::app
