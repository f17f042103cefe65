#include "plan/tree/foreign_keys.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace pgsluice::plan {

namespace {

std::string OnText(const std::vector<std::string>& above, const std::vector<std::string>& here) {
  std::string text = "{";
  for (std::size_t i = 0; i < above.size(); ++i) {
    text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", Quoted(above[i]), Quoted(here[i]));
  }
  return text + "}";
}

bool Given(const config::On& on, const catalog::Table& above, const std::string& place, Step& step,
           Building& building) {
  bool good = true;
  for (const auto& [parent, child] : on) {
    if (above.Find(parent) == nullptr) {
      building.UnknownColumn(place + ".on", above, parent);
      good = false;
    }
    if (step.table->Find(child) == nullptr) {
      building.UnknownColumn(place + ".on", *step.table, child);
      good = false;
    }
    step.above.push_back(parent);
    step.here.push_back(child);
  }
  return good;
}

}  // namespace

bool ResolveOn(const config::On& on, const catalog::Table& above, const std::string& place,
               Step& step, Building& building) {
  if (!on.empty()) return Given(on, above, place, step, building);
  std::vector<Step> candidates;
  const auto add = [&](std::vector<std::string> up, std::vector<std::string> down) {
    const bool known = std::any_of(candidates.begin(), candidates.end(), [&](const Step& other) {
      return other.above == up && other.here == down;
    });
    if (!known) candidates.push_back({step.table, std::move(up), std::move(down)});
  };
  for (const catalog::ForeignKey& key : building.catalog.foreign_keys()) {
    if (key.table == above.oid && key.target == step.table->oid) {
      add(key.columns, key.target_columns);
    }
    if (key.table == step.table->oid && key.target == above.oid) {
      add(key.target_columns, key.columns);
    }
  }
  if (candidates.size() == 1) {
    step = candidates.front();
    return true;
  }
  const std::string between =
      fmt::format("{} and {}", above.QualifiedName(), step.table->QualifiedName());
  if (candidates.empty()) {
    building.Error(place + ".on", "no foreign key between " + between,
                   fmt::format("write \"on\": {{column of {}: column of {}}}",
                               above.QualifiedName(), step.table->QualifiedName()));
    return false;
  }
  std::vector<std::string> texts;
  for (const Step& candidate : candidates) texts.push_back(OnText(candidate.above, candidate.here));
  building.Error(place + ".on", "several foreign keys between " + between,
                 fmt::format("choose \"on\": {}", fmt::join(texts, " or ")));
  return false;
}

}  // namespace pgsluice::plan
