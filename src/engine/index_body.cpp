#include "pgsluice/engine/index_body.h"

#include <map>

#include "pgsluice/json/writer.h"

namespace pgsluice::engine {

namespace {

using Settings = std::map<std::string, std::string>;  // "index.x.y" -> JSON text.

// Users write {"index":{"x":1}}, {"index.x":1} or {"x":1}: one form, so that theirs replace ours.
void Flatten(const std::string& prefix, const json::Value& value, Settings& settings) {
  if (!value.IsObject()) {
    settings[prefix.rfind("index.", 0) == 0 ? prefix : "index." + prefix] = json::ToText(value);
    return;
  }
  for (const auto& [name, member] : value.members) {
    Flatten(prefix.empty() ? name : prefix + "." + name, member, settings);
  }
}

// The default analyzer is ours, so that "café" and "cafe" meet where the engine can fold accents.
void AddAnalyzer(const std::string& name, const Flavor& flavor, Settings& settings) {
  const std::string prefix = "index.analysis.analyzer." + name + ".";
  settings[prefix + "type"] = R"("custom")";
  settings[prefix + "tokenizer"] = R"("standard")";
  settings[prefix + "filter"] =
      flavor.has_analysis ? R"(["lowercase","asciifolding"])" : R"(["lowercase"])";
}

}  // namespace

std::string SettingsJson(const document::Plan& plan, const config::Config& config,
                         const Flavor& flavor) {
  Settings settings;
  // A late retry must not bring a deleted document back: longer than any write may wait.
  settings["index.gc_deletes"] = R"("15m")";
  settings["index.refresh_interval"] = json::Quote(config.sync.refresh_interval);
  // Else refreshes wait for merges of small segments, and those for the threads of large ones: what
  // changes beside a fan-out is found late (bench/README.md). Elasticsearch has no such setting.
  if (flavor.opensearch) settings["index.merge_on_flush.enabled"] = "false";
  AddAnalyzer("default", flavor, settings);
  AddAnalyzer("pgsluice_text", flavor, settings);
  if (plan.config.settings.IsObject()) Flatten("", plan.config.settings, settings);
  std::string body = "{";
  for (const auto& [name, value] : settings) {
    if (body.back() != '{') body += ',';
    json::AppendString(body, name);
    body += ':' + value;
  }
  return body + "}";
}

std::string MappingWithMeta(const document::Plan& plan, const config::Config& config,
                            const Flavor& flavor) {
  std::string mapping = plan.MappingJson(flavor.opensearch);
  mapping.insert(1, R"("_meta":{"pgsluice":{"format":1,"routing":)" +
                        json::Quote(plan.config.routing) + R"(,"settings":)" +
                        SettingsJson(plan, config, flavor) + "}},");
  return mapping;
}

std::string IndexBody(const document::Plan& plan, const config::Config& config,
                      const Flavor& flavor) {
  return R"({"settings":)" + SettingsJson(plan, config, flavor) + R"(,"mappings":)" +
         MappingWithMeta(plan, config, flavor) + "}";
}

}  // namespace pgsluice::engine
