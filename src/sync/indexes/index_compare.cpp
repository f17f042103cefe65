// The part of IndexManager that reports what a configuration would change, without changing
// anything.

#include <spdlog/fmt/fmt.h>

#include <set>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/engine/try_index.h"
#include "pgsluice/json/build.h"
#include "pgsluice/json/equal.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/plan/last_plan.h"
#include "pgsluice/sync/definitions.h"
#include "pgsluice/sync/index_manager.h"
#include "sync/indexes/index_records.h"

namespace pgsluice::sync {

namespace {

void Collect(const std::vector<plan::Field>& fields, std::set<std::string>& paths) {
  for (const plan::Field& field : fields) {
    paths.insert(field.path);
    Collect(field.fields, paths);
  }
}

std::set<std::string> PathsOf(const plan::Plan& plan) {
  std::set<std::string> paths;
  Collect(plan.fields, paths);
  return paths;
}

/// Returns "new fields: a, b" for those of `paths` that are not in `others`.
std::string Beyond(const char* what, const std::set<std::string>& paths,
                   const std::set<std::string>& others) {
  std::string names;
  for (const std::string& path : paths) {
    if (!others.contains(path)) names += (names.empty() ? "" : ", ") + path;
  }
  return names.empty() ? "" : std::string(what) + names;
}

void Add(std::string& reason, const std::string& part) {
  if (!part.empty()) reason += (reason.empty() ? "" : "; ") + part;
}

/// Returns the reason without the advice that Fit() adds.
std::string Cause(const std::string& reason) {
  return reason.substr(0, reason.find("; run 'pgsluice reindex "));
}

}  // namespace

std::string IndexManager::FieldChanges(pg::Session& session, const plan::Plan& plan) const {
  const auto last = LastPlan(session, plan.config);
  if (last == nullptr) return {};
  std::string reason = Beyond("new fields: ", PathsOf(plan), PathsOf(*last));
  Add(reason, Beyond("removed fields: ", PathsOf(*last), PathsOf(plan)));
  return reason;
}

std::string IndexManager::FitOfCopy(const plan::Plan& plan, const json::Value& mapping,
                                    const json::Value& settings) {
  std::string fit;
  const auto refusal = engine::TryIndex(
      engine_, AliasOf(plan),
      json::ToText(json::Members({{"settings", json::Raw(json::ToText(settings))},
                                  {"mappings", json::Raw(json::ToText(mapping))}})),
      [&](const std::string& copy) { fit = Fit(plan, copy); });
  return refusal ? std::string(refusal->what()) : Cause(fit);
}

IndexManager::Change IndexManager::Compare(pg::Session& session, const plan::Plan& plan) {
  const Record state = IndexRecords(session).Load(plan.name);
  CheckName(plan);
  if (state.physical.empty()) return {"new", "the index does not exist yet"};
  if (Uuid(state.physical) != state.uuid)
    return {"new", "the index was deleted or replaced in the engine"};
  const json::Value mapping = engine_.GetMapping(state.physical);
  const json::Value* settings = mapping.Find({"_meta", "pgsluice", "settings"});
  const bool same_mapping = state.mapping == MappingHash(plan);
  if (!same_mapping && settings != nullptr) {
    const std::string reason = FitOfCopy(plan, mapping, *settings);
    if (!reason.empty()) return {"reindex", reason};
  }
  if (same_mapping && !state.reason.empty()) return {"reindex", Cause(state.reason)};
  const std::string fields = FieldChanges(session, plan);
  if (state.config_hash.empty()) return {"refill", "changes may have been missed"};
  if (state.config_hash != DefinitionOf(plan)) {
    return {"refill", fields.empty() ? "the statement that reads the documents differs" : fields};
  }
  if (same_mapping) return {"nothing", ""};
  const json::Value wanted = json::Parse(engine::SettingsJson(plan, config_, engine_.Detect()));
  const bool same_settings = settings != nullptr && json::Equal(*settings, wanted);
  if (!same_settings && fields.empty()) return {"settings", "settings differ"};
  return {"mapping", fields.empty() ? "the mapping of fields differs" : fields};
}

}  // namespace pgsluice::sync
