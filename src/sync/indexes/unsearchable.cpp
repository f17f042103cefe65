#include "pgsluice/sync/unsearchable.h"

#include <vector>

#include "pgsluice/observe/log.h"
#include "pgsluice/plan/unsearchable.h"

namespace pgsluice::sync {

std::map<std::string, std::int64_t> CountUnsearchable(engine::Engine& engine, const IndexSet& set) {
  std::vector<std::string> aliases;
  for (const auto* known : {&set.indexes, &set.served}) {
    for (const auto& [name, index] : *known) aliases.push_back(index->alias);
  }
  const auto found = engine.CountUnsearchable(aliases, plan::Unsearchable::kField);
  std::map<std::string, std::int64_t> counts;
  for (const auto* known : {&set.indexes, &set.served}) {
    for (const auto& [name, index] : *known) {
      const auto count = found.find(index->physical);
      counts[name] = count == found.end() ? 0 : count->second;
    }
  }
  return counts;
}

void ShowUnsearchable(const Shared& shared, const IndexSet& set) {
  try {
    for (const auto& [name, count] : CountUnsearchable(shared.engine, set)) {
      shared.monitor.Unsearchable(name).Set(static_cast<double>(count));
    }
  } catch (const Error& error) {
    // What is wrong with the engine is reported by what writes to it.
    observe::Log(observe::Level::kDebug, "engine", error.Full());
  }
}

}  // namespace pgsluice::sync
