#include <unistd.h>

#include <iostream>
#include <ostream>

#include "app/commands/commands.h"
#include "pgsluice/catalog/catalog.h"
#include "pgsluice/engine/engine.h"
#include "pgsluice/json/build.h"
#include "pgsluice/migrate/migrator.h"
#include "pgsluice/plan/plan.h"
#include "pgsluice/sync/index_manager.h"
#include "pgsluice/sync/leftovers.h"

namespace pgsluice::app {

namespace {

using sync::Leftovers;

void PrintJson(const Leftovers& left, bool removed, std::ostream& out) {
  json::ArrayPtr indexes = json::Items();
  for (const Leftovers::Index& index : left.indexes) {
    indexes->add(json::Members({{"index", index.name},
                                {"physical", json::Items(index.physical)},
                                {"dead_letters", index.dead_letters}}));
  }
  std::vector<std::string> tables;
  for (const Leftovers::Table& table : left.tables) tables.push_back(table.name);
  out << json::ToText(json::Members(
             {{"removed", removed}, {"indexes", indexes}, {"tables", json::Items(tables)}}))
      << '\n';
}

void Print(const Leftovers& left, std::ostream& out) {
  for (const Leftovers::Index& index : left.indexes) {
    out << "index " << index.name << ':';
    for (const std::string& physical : index.physical) out << ' ' << physical;
    out << (index.physical.empty() ? " not in the engine" : "");
    if (index.dead_letters > 0) out << ", " << index.dead_letters << " dead letters";
    out << '\n';
  }
  for (const Leftovers::Table& table : left.tables) out << "triggers of " << table.name << '\n';
  if (left.empty()) out << "there is nothing to remove\n";
}

void SayWhatStays(const Leftovers& left, std::ostream& err) {
  if (left.misfits.empty()) return;
  err << "triggers are left alone, because it is not known which tables these indexes need:";
  for (const std::string& name : left.misfits) err << ' ' << name;
  err << "\n  hint: pgsluice config check shows what is wrong with them\n";
}

bool Confirmed(const Context& context) {
  if (context.invocation.Has("yes")) return true;
  context.err << "remove this? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

}  // namespace

int RunPrune(const Context& context) {
  const bool dry = context.invocation.Has("dry-run");
  if (!dry && !context.invocation.Has("yes") && isatty(STDIN_FILENO) == 0) {
    throw UsageError("this would remove what is left of indexes that are not configured",
                     "pgsluice prune --dry-run lists it, pgsluice prune --yes removes it");
  }
  pg::Session session({.url = context.config.database.url});
  migrate::Migrator::CheckVersion(session);
  engine::Engine engine(engine::MakeTransport(context.config.elasticsearch));
  engine.Detect();
  const auto find = [&] {
    return sync::FindLeftovers(
        session, engine,
        plan::PlanIndexes(context.config, catalog::Catalog::Load(session), session));
  };
  const Leftovers left = find();
  const bool json = context.invocation.Has("json");
  if (!json) Print(left, context.out);
  SayWhatStays(left, context.err);
  const bool removes = !dry && !left.empty() && Confirmed(context);
  if (removes) {
    const sync::IndexLock lock(session);
    // Again, because a process may now have such an index.
    sync::RemoveLeftovers(session, engine, find());
  }
  if (json) PrintJson(left, removes, context.out);
  return kOk;
}

}  // namespace pgsluice::app
