#pragma once

#include <string>

namespace pgsluice::config {

/// Returns the JSON Schema (draft 2020-12) of pgsluice.json, from the same table that checks it.
std::string SchemaJson();

/// Returns a Markdown table of the options that have an environment variable or a flag.
std::string SettingsMarkdown();

}  // namespace pgsluice::config
