#include <algorithm>
#include <ostream>
#include <string>

#include "check_access.h"
#include "commands.h"
#include "config_init.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/config/print.h"
#include "pgsluice/config/schema.h"
#include "pgsluice/document/plan.h"
#include "pgsluice/document/text_rules.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::app {

namespace {

/// What only the database can tell. A database that cannot be reached is a warning: the file can be
/// checked on a machine that has none.
void CheckCatalog(const config::Config& config, config::Problems& problems) {
  try {
    pg::Session session({.url = config.database.url});
    const auto catalog = catalog::Catalog::Load(session);
    CheckAccessToFields(config, document::BuildPlans(config, catalog, session, problems), problems);
  } catch (const Error& error) {
    problems.push_back({.place = "database.url",
                        .message = std::string("not checked against the database: ") + error.what(),
                        .hint = error.hint(),
                        .warning = error.disposition() == Disposition::kRetry});
  }
}

/// What only the engine can tell; it is asked only if something depends on it.
void CheckEngine(const config::Config& config, config::Problems& problems) {
  const bool asks =
      std::any_of(config.indexes.begin(), config.indexes.end(), [](const config::Index& index) {
        return !index.search.identifiers.empty() || !document::LanguagesOf(index).empty();
      });
  if (!asks) return;
  try {
    engine::Engine engine(engine::MakeTransport(config.elasticsearch));
    for (auto& problem : engine::AnalysisProblems(config.indexes, engine.Detect())) {
      problems.push_back(std::move(problem));
    }
  } catch (const Error& error) {
    problems.push_back({.place = "elasticsearch.urls",
                        .message = std::string("not checked against the engine: ") + error.what(),
                        .hint = error.hint(),
                        .warning = true});
  }
}

void PrintJsonLines(const config::Problems& problems, std::ostream& out) {
  for (const config::Problem& problem : problems) {
    out << "{\"place\":" << json::Quote(problem.place)
        << ",\"message\":" << json::Quote(problem.message)
        << ",\"hint\":" << json::Quote(problem.hint)
        << ",\"severity\":" << (problem.warning ? "\"warning\"" : "\"error\"") << "}\n";
  }
}

int Check(const Context& context) {
  config::Problems problems = context.problems;
  const bool readable = std::none_of(problems.begin(), problems.end(),
                                     [](const auto& problem) { return !problem.warning; });
  // Also with mistakes in the file: what is right in it can still be compared.
  CheckCatalog(context.config, problems);
  CheckEngine(context.config, problems);
  bool errors = !readable;
  if (context.invocation.Has("json")) {
    PrintJsonLines(problems, context.out);
    for (const auto& problem : problems) errors = errors || !problem.warning;
  } else if (!PrintProblems(problems, context.err)) {
    context.out << (context.config.file.empty() ? "configuration" : context.config.file)
                << ": ok\n";
  } else {
    errors = true;
  }
  return errors ? kBadConfiguration : kOk;
}

}  // namespace

int RunConfig(const Context& context) {
  const std::string& what = context.invocation.subcommand;
  if (what == "schema") {
    context.out << config::SchemaJson();
    return kOk;
  }
  if (what == "check") return Check(context);
  if (what == "init") {
    pg::Session session({.url = context.config.database.url});
    context.out << InitialConfig(catalog::Catalog::Load(session),
                                 document::ReadPresentIndexes(session));
    return kOk;
  }
  const bool errors = PrintProblems(context.problems, context.err);
  context.out << config::PrintJson(context.config);
  return errors ? kBadConfiguration : kOk;
}

}  // namespace pgsluice::app
