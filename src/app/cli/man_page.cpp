#include <spdlog/fmt/fmt.h>

#include "app/cli/cli.h"
#include "app/cli/reference.h"

namespace pgsluice::app {

namespace {

/// Escapes text for troff, so that no hyphen becomes a dash and no line is read as a request.
std::string Troff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  if (!out.empty() && (out[0] == '.' || out[0] == '\'')) out.insert(0, "\\&");
  return out;
}

void Item(std::string& out, const std::string& term, const std::string& text) {
  out += fmt::format(".TP\n.B {}\n{}\n", Troff(term), Troff(text));
}

void Options(std::string& out, const std::vector<CliOption>& options) {
  for (const CliOption& option : options) {
    Item(out, "--" + option.name + (option.value.empty() ? "" : " " + option.value),
         option.description + (option.only.empty() ? "" : " (" + option.only + ")"));
  }
}

void OfCommand(std::string& out, const Command& command) {
  const std::string arguments = command.arguments.empty() ? "" : " " + command.arguments;
  out += fmt::format(".SS {}\n{}.\n", Troff("pgsluice " + command.name + arguments),
                     Troff(command.description));
  for (const CliWord& word : command.subcommands) {
    Item(out, command.name + " " + word.name, word.description);
  }
  Options(out, command.options);
  if (!command.examples.empty()) out += ".PP\nExamples:\n.nf\n";
  for (const CliWord& example : command.examples) out += Troff("    " + example.name) + '\n';
  if (!command.examples.empty()) out += ".fi\n";
}

constexpr const char* kRest = R"(.SH FILES
.TP
.I pgsluice.json
The configuration, in the working directory unless \-\-config or PGSLUICE_CONFIG names another.
The packaged service works in /etc/pgsluice.
.TP
.I /etc/default/pgsluice
Environment of the packaged service.
.SH ENVIRONMENT
PGSLUICE_DATABASE_URL (or libpq's PG* variables), PGSLUICE_ELASTICSEARCH_URL,
PGSLUICE_CONFIG, PGSLUICE_LISTEN, PGSLUICE_ADMIN_LISTEN, PGSLUICE_LOG_LEVEL,
PGSLUICE_LOG_FORMAT, PGSLUICE_WORKERS. A name with _FILE appended names a file that contains a secret.
Flags win over environment, environment over file.
OTEL_EXPORTER_OTLP_ENDPOINT and OpenTelemetry's other variables: where traces are sent.
.SH EXIT STATUS
0 ok, 1 failed, 2 wrong use, 3 verify found differences, 4 timeout, 78 bad configuration.
.SH SIGNALS
SIGTERM and SIGINT: finish what is in flight and exit. SIGHUP: read the configuration again.
)";

}  // namespace

std::string ManPage() {
  std::string out =
      ".TH PGSLUICE 1 \"\" \"pgsluice " PGSLUICE_VERSION
      "\" \"User Commands\"\n.SH NAME\npgsluice \\- keeps Elasticsearch or OpenSearch "
      "in step with PostgreSQL and serves search over REST\n.SH SYNOPSIS\n.B pgsluice\n"
      ".I command\n.RI [ options ]\n.SH COMMANDS\n";
  for (const Command& command : Commands()) OfCommand(out, command);
  out += ".SH OPTIONS OF EVERY COMMAND\n";
  Options(out, GlobalOptions());
  return out + kRest;
}

}  // namespace pgsluice::app
