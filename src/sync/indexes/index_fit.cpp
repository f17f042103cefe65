// The part of IndexManager that changes an index to fit its plan, or finds out why it cannot.

#include <spdlog/fmt/fmt.h>

#include "pgsluice/base/error.h"
#include "pgsluice/base/hash.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/engine/try_index.h"
#include "pgsluice/json/value.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/sync/index_manager.h"
#include "sync/indexes/index_records.h"

namespace pgsluice::sync {

namespace {

using observe::Level;
using observe::Log;

/// Returns the settings to send to an index that was created with `made` so that it has `wanted`;
/// null removes a setting. "{}" if there is nothing to change.
std::string Changes(const json::Value& made, const json::Value& wanted) {
  std::string changes = "{";
  const auto add = [&](const std::string& name, const std::string& value) {
    if (changes.size() > 1) changes += ',';
    json::AppendString(changes, name);
    changes += ':' + value;
  };
  for (const auto& [name, value] : wanted.members) {
    const json::Value* before = made.Find(name);
    const std::string text = json::ToText(value);
    if (before == nullptr || json::ToText(*before) != text) add(name, text);
  }
  for (const auto& [name, value] : made.members) {
    if (wanted.Find(name) == nullptr) add(name, "null");
  }
  return changes + "}";
}

/// Returns the error's text if `change` is refused.
template <typename Change>
std::string Refusal(const std::string& what, Change change) {
  try {
    change();
    return {};
  } catch (const Error& error) {
    if (error.disposition() != Disposition::kReject) throw;
    return what + ": " + error.what();
  }
}

}  // namespace

std::string IndexManager::MappingHash(const plan::Plan& plan) {
  return base::Fingerprint(engine::MappingWithMeta(plan, config_, engine_.Detect()));
}

bool IndexManager::WasImpossible(const std::string& name) const {
  const auto tried = tried_.find(name);
  return tried != tried_.end() && !tried->second.refusal.empty();
}

std::string IndexManager::Impossible(const plan::Plan& plan, const Record& state) {
  if (state.reason.empty()) {
    tried_.erase(plan.name);
    return {};
  }
  Tried& tried = tried_[plan.name];
  if (tried.mapping == state.mapping && tried.refusal.empty()) return {};
  const auto refusal =
      engine::TryIndex(engine_, AliasOf(plan), engine::IndexBody(plan, config_, engine_.Detect()));
  tried = {state.mapping, refusal ? refusal->what() : ""};
  return tried.refusal;
}

std::string IndexManager::Fit(const plan::Plan& plan, const std::string& physical) {
  const json::Value mapping = engine_.GetMapping(physical);
  const json::Value* made = mapping.Find({"_meta", "pgsluice"});
  std::string reason;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) reason += (reason.empty() ? "" : "; ") + part;
  };
  if (made != nullptr) {
    add(FitSettings(plan, physical, *made));
    add(FitRouting(plan, physical, *made));
  }
  // `_meta` describes how the index was created until it fits the plan completely.
  const engine::Flavor& flavor = engine_.Detect();
  add(FitMapping(physical, reason.empty() ? engine::MappingWithMeta(plan, config_, flavor)
                                          : plan.MappingJson(flavor.opensearch)));
  if (!reason.empty()) reason += "; run 'pgsluice reindex " + plan.name + "'";
  return reason;
}

std::string IndexManager::FitSettings(const plan::Plan& plan, const std::string& physical,
                                      const json::Value& made) {
  const json::Value* before = made.Find("settings");
  if (before == nullptr) return {};
  const std::string changes =
      Changes(*before, json::Parse(engine::SettingsJson(plan, config_, engine_.Detect())));
  if (changes == "{}") return {};
  return Refusal("the settings no longer fit", [&] { engine_.PutSettings(physical, changes); });
}

std::string IndexManager::FitMapping(const std::string& physical, const std::string& mapping) {
  return Refusal("the mapping no longer fits", [&] { engine_.PutMapping(physical, mapping); });
}

std::string IndexManager::FitRouting(const plan::Plan& plan, const std::string& physical,
                                     const json::Value& made) {
  const json::Value* before = made.Find("routing");
  if (before == nullptr || before->text == plan.config.routing) return {};
  const json::Value answer = engine_.Get(
      "/" + http::Encode(physical) + "/_settings?filter_path=*.settings.index.number_of_shards");
  const json::Value* shards = answer.Find({physical, "settings", "index", "number_of_shards"});
  // A single shard holds all documents, whatever their routing.
  if (shards != nullptr && shards->text == "1") return {};
  return fmt::format("the routing was '{}' and is '{}' now", before->text, plan.config.routing);
}

void IndexManager::LogChange(const std::string& name, const Record& old, const Record& now) const {
  const bool known = ensured_.contains(name);
  if (!now.reason.empty() && (!known || now.reason != old.reason)) {
    Log(Level::kError, "sync", "index needs a reindex", {{"index", name}, {"reason", now.reason}});
    return;
  }
  std::string needs;
  if (now.mapping != old.mapping) needs = "an addition to mapping or settings";
  if (now.config_hash != old.config_hash) needs += needs.empty() ? "a backfill" : " and a backfill";
  if (needs.empty() && known) return;
  Log(Level::kInfo, "sync", "index needs " + (needs.empty() ? "nothing" : needs),
      {{"index", name}});
}

}  // namespace pgsluice::sync
