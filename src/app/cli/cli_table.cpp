#include <algorithm>
#include <array>

#include "app/cli/cli.h"
#include "pgsluice/base/text.h"
#include "pgsluice/config/values.h"

namespace pgsluice::app {

namespace {

bool IsBetween(std::string_view text, std::size_t lowest, std::size_t highest) {
  const auto number = base::Number(text, 10);
  return number && *number >= lowest && *number <= highest;
}

std::optional<std::string> CheckRate(std::string_view text) {
  if (IsBetween(text, 1, 1'000'000'000)) return std::nullopt;
  return "must be a whole number of rows per second, at least 1";
}

std::optional<std::string> CheckLimit(std::string_view text) {
  if (IsBetween(text, 1, 10'000)) return std::nullopt;
  return "must be a number from 1 to 10000";
}

std::optional<std::string> CheckTime(std::string_view text) {
  if (config::ParseDuration(text)) return std::nullopt;
  return "must be a time as in 500ms, 30s, 2m";
}

std::optional<std::string> CheckShow(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords = {"document", "mapping", "sql", "all"};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return std::nullopt;
  return "must be document, mapping, sql or all";
}

const CliOption kJson = {"json", "", "machine-readable output"};
const std::vector<CliOption> kService = {
    {"listen", "HOST:PORT", "address of the REST API"},
    {"admin-listen", "HOST:PORT", "address of health, metrics and status"},
    {"workers", "N", "pollers in this process"},
};

}  // namespace

const std::vector<CliOption>& GlobalOptions() {
  static const std::vector<CliOption> options = {
      {"config", "FILE", "configuration (default: pgsluice.json, if there is one)"},
      {"database", "NAME", "only this one of several databases"},
      {"database-url", "URL", "PostgreSQL: libpq URL or key=value (default: PG* variables)"},
      {"elasticsearch-url", "URL[,URL]", "Elasticsearch or OpenSearch"},
      {"log-level", "LEVEL", "trace, debug, info, warn or error"},
      {"log-format", "FORMAT", "text or json"},
      {.name = "help", .value = "", .description = "this text", .short_name = "h"},
      {"version", "", "print the version"},
  };
  return options;
}

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {.name = "migrate",
       .description = "bring schema pgsluice into the database and attach the configured tables",
       .arguments = "",
       .subcommands = {{"up", "apply what is missing, attach tables (the default)"},
                       {"status", "which migrations are applied"},
                       {"print", "the SQL, for psql or a migration tool"},
                       {"down", "remove everything pgsluice put into the database"}},
       .default_subcommand = "up",
       .options = {{"no-attach", "", "only the schema, no triggers", "up"},
                   {"dry-run", "", "only print the statements, and the locks they take", "up"},
                   {"yes", "", "really remove everything", "down"},
                   kJson},
       .examples = {{"pgsluice migrate up --database-url postgresql://app@db/shop", ""},
                    {"pgsluice migrate print | psql shop", "the same schema by psql"}}},
      {.name = "attach",
       .description = "put triggers on the configured (or named) tables",
       .arguments = "[TABLE...]",
       .options = {{"print", "", "only print the SQL"}},
       .examples = {{"pgsluice attach", "all configured tables"},
                    {"pgsluice attach public.projects --print", ""}}},
      {.name = "detach",
       .description = "remove the triggers of the configured (or named) tables",
       .arguments = "[TABLE...]",
       .options = {{"print", "", "only print the SQL"}},
       .examples = {{"pgsluice detach public.projects", ""}}},
      {.name = "run",
       .description = "keep the indexes current and serve the REST API",
       .arguments = "",
       .options = kService,
       .examples = {{"pgsluice run", "with pgsluice.json and the environment"},
                    {"pgsluice run --listen 127.0.0.1:9000 --workers 4", ""}}},
      {.name = "sync",
       .description = "keep the indexes current, without the REST API",
       .arguments = "",
       .options = kService,
       .examples = {{"pgsluice sync --workers 4", ""}}},
      {.name = "serve",
       .description = "serve the REST API, without keeping the indexes current",
       .arguments = "",
       .options = kService,
       .examples = {{"pgsluice serve --listen 127.0.0.1:9000", ""}}},
      {.name = "backfill",
       .description =
           "read whole tables into their indexes again, or finish an unfinished backfill",
       .arguments = "[INDEX...]",
       .options = {{.name = "rate",
                    .value = "ROWS_PER_S",
                    .description = "most rows per second, per index",
                    .check = CheckRate},
                   kJson},
       .examples = {{"pgsluice backfill", "all indexes"},
                    {"pgsluice backfill projects --rate 5000", ""}}},
      {.name = "reindex",
       .description = "rebuild an index beside the present one, then swap them",
       .arguments = "INDEX",
       .options = {{"keep-old", "", "do not delete the index that was replaced"},
                   {"abort", "", "discard a reindex that is running or was refused"},
                   kJson},
       .examples = {{"pgsluice reindex projects", ""}, {"pgsluice reindex projects --abort", ""}}},
      {.name = "verify",
       .description = "compare every document with PostgreSQL; exit 3 if any differs",
       .arguments = "[INDEX...]",
       .options = {{"repair", "", "write documents that differ again"}, kJson},
       .examples = {{"pgsluice verify", ""}, {"pgsluice verify projects --repair", ""}}},
      {.name = "status",
       .description = "how far the sync is and what is wrong",
       .arguments = "",
       .options = {{"watch", "", "again every two seconds"},
                   {"admin-listen", "HOST:PORT", "the service's admin address"},
                   kJson},
       .examples = {{"pgsluice status", ""}, {"pgsluice status --json", ""}}},
      {.name = "wait",
       .description = "wait until everything committed up to now is searchable; exit 4 if not",
       .arguments = "",
       .options = {{"after", "TOKEN", "wait for this token of pgsluice.position() instead"},
                   {.name = "timeout",
                    .value = "TIME",
                    .description = "longest wait (default 30s)",
                    .check = CheckTime},
                   kJson},
       .examples = {{"pgsluice wait --timeout 10s", ""}}},
      {.name = "dead-letters",
       .description = "documents that the engine refuses",
       .arguments = "[ID...]",
       .subcommands = {{"list", "which, and why"},
                       {"retry", "read and write them again"},
                       {"discard", "forget them"}},
       .options = {{"all", "", "all of them", "retry"}, kJson},
       .examples = {{"pgsluice dead-letters list", ""},
                    {"pgsluice dead-letters retry --all", ""},
                    {"pgsluice dead-letters discard 17 18", ""}}},
      {.name = "config",
       .description = "check, print or write the configuration",
       .arguments = "[FILE]",
       .subcommands = {{"check",
                        "all mistakes at once, also those that the database and the engine see"},
                       {"diff", "what this configuration would change, per index"},
                       {"print", "what is in effect, secrets masked"},
                       {"init", "a first configuration from the catalog, on stdout"},
                       {"import-pgsync", "a configuration from PGSync's schema.json, on stdout"},
                       {"schema", "the JSON Schema of pgsluice.json"}},
       .options = {{"json", "", "machine-readable output (of check and diff)"}},
       .examples = {{"pgsluice config init > pgsluice.json", ""},
                    {"pgsluice config import-pgsync schema.json > pgsluice.json", ""},
                    {"pgsluice config check", ""}}},
      {.name = "preview",
       .description = "print documents as this configuration would index them; writes nothing",
       .arguments = "INDEX",
       .options = {{"id", "ID", "the document with this id"},
                   {.name = "limit",
                    .value = "N",
                    .description = "number of documents (default 1)",
                    .check = CheckLimit},
                   {.name = "show",
                    .value = "WHAT",
                    .description = "document (the default), mapping, sql or all",
                    .check = CheckShow},
                   kJson},
       .examples = {{"pgsluice preview projects --id 42", ""},
                    {"pgsluice preview projects --show all --json", ""}}},
      {.name = "prune",
       .description = "remove what is left of indexes that are no longer configured",
       .arguments = "",
       .options = {{"dry-run", "", "only list it"}, {"yes", "", "remove it without asking"}, kJson},
       .examples = {{"pgsluice prune --dry-run", ""}, {"pgsluice prune --yes", ""}}},
      {.name = "keys",
       .description = "make API keys",
       .arguments = "",
       .subcommands = {{"create", "print a new key once, and its entry for the configuration"}},
       .options = {{"policy", "NAME", "the policy of the key (default: member)"},
                   {"name", "NAME", "a name for logs (default: the policy's)"},
                   kJson},
       .examples = {{"pgsluice keys create --policy member --name web", ""}}},
      {.name = "health",
       .description = "exit 0 when the service here is healthy: for HEALTHCHECK",
       .arguments = "",
       .options = {{"admin-listen", "HOST:PORT", "the service's admin address"}, kJson},
       .examples = {{"pgsluice health", ""}}},
      {.name = "completion",
       .description = "print the completion script of a shell",
       .arguments = "",
       .subcommands = {{"bash", "for bash"}, {"zsh", "for zsh"}, {"fish", "for fish"}},
       .examples = {{"pgsluice completion bash > /etc/bash_completion.d/pgsluice", ""}}},
      {.name = "help",
       .description = "print this text, or that of a command",
       .arguments = "[COMMAND]",
       .examples = {{"pgsluice help verify", ""}}},
      {.name = "version",
       .description = "print the version",
       .arguments = "",
       .examples = {{"pgsluice version", ""}}},
  };
  return commands;
}

}  // namespace pgsluice::app
