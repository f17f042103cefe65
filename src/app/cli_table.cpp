#include "cli.h"

namespace pgsluice::app {

namespace {

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
      {"database-url", "URL", "PostgreSQL: libpq URL or key=value (default: PG* variables)"},
      {"elasticsearch-url", "URL[,URL]", "Elasticsearch or OpenSearch"},
      {"log-level", "LEVEL", "trace, debug, info, warn or error"},
      {"log-format", "FORMAT", "text or json"},
      {"help", "", "this text"},
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
       .description = "read whole tables into their indexes again, or finish what was begun",
       .arguments = "[INDEX...]",
       .options = {{"rate", "ROWS_PER_S", "at most so many rows per second, of each index"}, kJson},
       .examples = {{"pgsluice backfill", "all indexes"},
                    {"pgsluice backfill projects --rate 5000", ""}}},
      {.name = "verify",
       .description = "compare every document with PostgreSQL; exit 3 if any differs",
       .arguments = "[INDEX...]",
       .options = {{"repair", "", "write what differs again"}, kJson},
       .examples = {{"pgsluice verify", ""}, {"pgsluice verify projects --repair", ""}}},
      {.name = "status",
       .description = "how far the sync is and what is wrong",
       .arguments = "",
       .options = {{"watch", "", "again every two seconds"}, kJson},
       .examples = {{"pgsluice status", ""}, {"pgsluice status --json", ""}}},
      {.name = "wait",
       .description = "wait until everything committed up to now is searchable; exit 4 if not",
       .arguments = "",
       .options = {{"after", "TOKEN", "wait for this token of pgsluice.position() instead"},
                   {"timeout", "TIME", "at most so long (default 30s)"}},
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
       .arguments = "",
       .subcommands = {{"check", "all mistakes at once, also against the database's catalog"},
                       {"print", "what is in effect, secrets masked"},
                       {"init", "a first configuration from the catalog, on stdout"},
                       {"schema", "the JSON Schema of pgsluice.json"}},
       .options = {{"json", "", "machine-readable output", "check"}},
       .examples = {{"pgsluice config init > pgsluice.json", ""}, {"pgsluice config check", ""}}},
      {.name = "keys",
       .description = "make API keys",
       .arguments = "",
       .subcommands = {{"create", "print a new key once, and its entry for the configuration"}},
       .options = {{"policy", "NAME", "the policy that holds for the key (default: member)"},
                   {"name", "NAME", "a name for logs (default: the policy's)"},
                   kJson},
       .examples = {{"pgsluice keys create --policy member --name web", ""}}},
      {.name = "health",
       .description = "exit 0 when the service here is healthy: for HEALTHCHECK",
       .arguments = "",
       .options = {{"admin-listen", "HOST:PORT", "the service's admin address"}},
       .examples = {{"pgsluice health", ""}}},
  };
  return commands;
}

}  // namespace pgsluice::app
