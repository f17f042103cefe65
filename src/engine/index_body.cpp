#include "pgsluice/engine/index_body.h"

#include <map>

#include "pgsluice/json/build.h"
#include "pgsluice/json/writer.h"
#include "pgsluice/plan/text_rules.h"

namespace pgsluice::engine {

namespace {

using Settings = std::map<std::string, json::Built>;  // By names such as "index.x.y".

// Users write {"index":{"x":1}}, {"index.x":1} or {"x":1}. All become one form, so that their
// settings replace ours.
void Flatten(const std::string& prefix, const json::Value& value, Settings& settings) {
  if (!value.IsObject()) {
    settings[prefix.rfind("index.", 0) == 0 ? prefix : "index." + prefix] =
        json::Raw(json::ToText(value));
    return;
  }
  for (const auto& [name, member] : value.members) {
    Flatten(prefix.empty() ? name : prefix + "." + name, member, settings);
  }
}

constexpr const char* kAnalyzers = "index.analysis.analyzer.";
constexpr const char* kFilters = "index.analysis.filter.";

void AddAnalyzer(const std::string& name, const char* tokenizer,
                 const std::vector<std::string>& filters, Settings& settings) {
  const std::string prefix = kAnalyzers + name + ".";
  settings[prefix + "type"] = "custom";
  settings[prefix + "tokenizer"] = tokenizer;
  settings[prefix + "filter"] = json::Items(filters);
}

// Compares words in lower case, and without accents if the engine can fold them: "cafe" finds
// "café".
void AddText(const std::string& name, const Flavor& flavor, Settings& settings) {
  std::vector<std::string> filters = {"lowercase"};
  if (flavor.has_analysis) filters.emplace_back("asciifolding");
  AddAnalyzer(name, "standard", filters, settings);
}

// Uses our own names, so that an engine without a language analyzer gets a replacement with that
// name.
void AddLanguages(const plan::Plan& plan, const Flavor& flavor, Settings& settings) {
  for (const std::string& language : plan::LanguagesOf(plan.config)) {
    const std::string name = plan::LanguageAnalyzer(language);
    if (flavor.has_analysis) {
      settings[kAnalyzers + name + ".type"] = language;
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
  settings[parts + "type"] = "word_delimiter_graph";
  settings[parts + "split_on_case_change"] = false;
  settings[parts + "stem_english_possessive"] = false;
  AddAnalyzer("pgsluice_parts", "whitespace", {"pgsluice_parts", "lowercase", "asciifolding"},
              settings);
  const std::string joined = kFilters + std::string("pgsluice_joined.");
  settings[joined + "type"] = "pattern_replace";
  settings[joined + "pattern"] = R"([^\p{L}\p{N}]+)";
  settings[joined + "replacement"] = "";
  // Engines refuse a document with a longer term.
  const std::string truncated = kFilters + std::string("pgsluice_truncated.");
  settings[truncated + "type"] = "truncate";
  settings[truncated + "length"] = 255;
  AddAnalyzer("pgsluice_joined", "keyword",
              {"lowercase", "asciifolding", "pgsluice_joined", "pgsluice_truncated"}, settings);
}

json::ObjectPtr SettingsOf(const plan::Plan& plan, const config::Config& config,
                           const Flavor& flavor) {
  Settings settings;
  // Longer than any write may wait, so that a late retry cannot bring a deleted document back.
  settings["index.gc_deletes"] = "15m";
  settings["index.refresh_interval"] = config.sync.refresh_interval;
  // Otherwise refreshes wait for merges of small segments, and those for the threads that merge
  // large ones. Changes during a fan-out would then be found late (bench/README.md). Elasticsearch
  // has no such setting.
  if (flavor.opensearch) settings["index.merge_on_flush.enabled"] = false;
  if (!plan::ReplacesDefaultAnalyzer(plan.config.settings)) {
    AddText("default", flavor, settings);
  }
  AddText("pgsluice_text", flavor, settings);
  AddLanguages(plan, flavor, settings);
  AddIdentifiers(plan, flavor, settings);
  if (plan.config.settings.IsObject()) Flatten("", plan.config.settings, settings);
  json::ObjectPtr body = json::Members();
  for (const auto& [name, value] : settings) body->set(name, value);
  return body;
}

}  // namespace

std::string SettingsJson(const plan::Plan& plan, const config::Config& config,
                         const Flavor& flavor) {
  return json::ToText(SettingsOf(plan, config, flavor));
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
  const json::ObjectPtr ours = json::Members({{"format", 1},
                                              {"routing", plan.config.routing},
                                              {"settings", SettingsOf(plan, config, flavor)}});
  json::ObjectPtr mapping = json::Members({{"_meta", json::Members({{"pgsluice", ours}})}});
  for (const auto& [name, value] : json::Parse(plan.MappingJson(flavor.opensearch)).members) {
    mapping->set(name, json::Raw(json::ToText(value)));
  }
  return json::ToText(mapping);
}

std::string IndexBody(const plan::Plan& plan, const config::Config& config, const Flavor& flavor,
                      const std::string& alias) {
  json::ObjectPtr body =
      json::Members({{"settings", SettingsOf(plan, config, flavor)},
                     {"mappings", json::Raw(MappingWithMeta(plan, config, flavor))}});
  if (!alias.empty()) body->set("aliases", json::Members({{alias, json::Members()}}));
  return json::ToText(body);
}

}  // namespace pgsluice::engine
