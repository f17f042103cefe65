#include "pgsluice/engine/index_body.h"

#include <map>

#include "pgsluice/json/writer.h"
#include "pgsluice/plan/text_rules.h"

namespace pgsluice::engine {

namespace {

using Settings = std::map<std::string, std::string>;  // "index.x.y" -> JSON text.

// Users write {"index":{"x":1}}, {"index.x":1} or {"x":1}. All become one form, so that their
// settings replace ours.
void Flatten(const std::string& prefix, const json::Value& value, Settings& settings) {
  if (!value.IsObject()) {
    settings[prefix.rfind("index.", 0) == 0 ? prefix : "index." + prefix] = json::ToText(value);
    return;
  }
  for (const auto& [name, member] : value.members) {
    Flatten(prefix.empty() ? name : prefix + "." + name, member, settings);
  }
}

constexpr const char* kAnalyzers = "index.analysis.analyzer.";
constexpr const char* kFilters = "index.analysis.filter.";

void AddAnalyzer(const std::string& name, const char* tokenizer, const char* filters,
                 Settings& settings) {
  const std::string prefix = kAnalyzers + name + ".";
  settings[prefix + "type"] = R"("custom")";
  settings[prefix + "tokenizer"] = tokenizer;
  settings[prefix + "filter"] = filters;
}

// Compares words in lower case, and without accents if the engine can fold them: "cafe" finds
// "café".
void AddText(const std::string& name, const Flavor& flavor, Settings& settings) {
  AddAnalyzer(name, R"("standard")",
              flavor.has_analysis ? R"(["lowercase","asciifolding"])" : R"(["lowercase"])",
              settings);
}

// Uses our own names, so that an engine without a language analyzer gets a replacement with that
// name.
void AddLanguages(const plan::Plan& plan, const Flavor& flavor, Settings& settings) {
  for (const std::string& language : plan::LanguagesOf(plan.config)) {
    const std::string name = plan::LanguageAnalyzer(language);
    if (flavor.has_analysis) {
      settings[kAnalyzers + name + ".type"] = json::Quote(language);
    } else {
      AddText(name, flavor, settings);
    }
  }
}

// Splits identifiers into runs of letters and runs of digits, and also keeps them as one word
// without separators.
void AddIdentifiers(const plan::Plan& plan, const Flavor& flavor, Settings& settings) {
  if (plan.config.search.identifiers.empty()) return;
  if (!flavor.has_analysis) {
    AddText("pgsluice_parts", flavor, settings);
    AddText("pgsluice_joined", flavor, settings);
    return;
  }
  const std::string parts = kFilters + std::string("pgsluice_parts.");
  settings[parts + "type"] = R"("word_delimiter_graph")";
  settings[parts + "split_on_case_change"] = "false";
  settings[parts + "stem_english_possessive"] = "false";
  AddAnalyzer("pgsluice_parts", R"("whitespace")",
              R"(["pgsluice_parts","lowercase","asciifolding"])", settings);
  const std::string joined = kFilters + std::string("pgsluice_joined.");
  settings[joined + "type"] = R"("pattern_replace")";
  settings[joined + "pattern"] = R"("[^\\p{L}\\p{N}]+")";
  settings[joined + "replacement"] = R"("")";
  // Engines refuse a document with a longer term.
  const std::string truncated = kFilters + std::string("pgsluice_truncated.");
  settings[truncated + "type"] = R"("truncate")";
  settings[truncated + "length"] = "255";
  AddAnalyzer("pgsluice_joined", R"("keyword")",
              R"(["lowercase","asciifolding","pgsluice_joined","pgsluice_truncated"])", settings);
}

}  // namespace

std::string SettingsJson(const plan::Plan& plan, const config::Config& config,
                         const Flavor& flavor) {
  Settings settings;
  // Longer than any write may wait, so that a late retry cannot bring a deleted document back.
  settings["index.gc_deletes"] = R"("15m")";
  settings["index.refresh_interval"] = json::Quote(config.sync.refresh_interval);
  // Otherwise refreshes wait for merges of small segments, and those for the threads that merge
  // large ones. Changes during a fan-out would then be found late (bench/README.md). Elasticsearch
  // has no such setting.
  if (flavor.opensearch) settings["index.merge_on_flush.enabled"] = "false";
  if (!plan::ReplacesDefaultAnalyzer(plan.config.settings)) {
    AddText("default", flavor, settings);
  }
  AddText("pgsluice_text", flavor, settings);
  AddLanguages(plan, flavor, settings);
  AddIdentifiers(plan, flavor, settings);
  if (plan.config.settings.IsObject()) Flatten("", plan.config.settings, settings);
  std::string body = "{";
  for (const auto& [name, value] : settings) {
    if (body.back() != '{') body += ',';
    json::AppendString(body, name);
    body += ':' + value;
  }
  return body + "}";
}

config::Findings AnalysisProblems(const std::vector<config::Index>& indexes, const Flavor& flavor) {
  config::Findings findings;
  if (flavor.has_analysis) return findings;
  const auto warn = [&](const config::Index& index, const char* what, const std::string& lacks) {
    findings.push_back(
        {index.place + ".search." + what,
         flavor.Name() + " lacks " + lacks + ": words in lower case are used instead",
         "use a distribution of the engine with its analysis modules", true});
  };
  for (const config::Index& index : indexes) {
    for (const std::string& language : plan::LanguagesOf(index)) {
      warn(index, "language", "the analyzer \"" + language + "\"");
    }
    if (!index.search.identifiers.empty()) {
      warn(index, "identifiers", "the filters that split identifiers");
    }
  }
  return findings;
}

std::string MappingWithMeta(const plan::Plan& plan, const config::Config& config,
                            const Flavor& flavor) {
  std::string mapping = plan.MappingJson(flavor.opensearch);
  mapping.insert(1, R"("_meta":{"pgsluice":{"format":1,"routing":)" +
                        json::Quote(plan.config.routing) + R"(,"settings":)" +
                        SettingsJson(plan, config, flavor) + "}},");
  return mapping;
}

std::string IndexBody(const plan::Plan& plan, const config::Config& config, const Flavor& flavor) {
  return R"({"settings":)" + SettingsJson(plan, config, flavor) + R"(,"mappings":)" +
         MappingWithMeta(plan, config, flavor) + "}";
}

}  // namespace pgsluice::engine
