#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"

namespace pgsluice::config {

/// What the command line sets: flag names without the dashes ("config", "database-url", …).
struct Overrides {
  std::map<std::string, std::string> flags;
};

/// The value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// The environment of this process.
Environment ProcessEnvironment();

/// Reads the file (flag `config`, PGSLUICE_CONFIG, else pgsluice.json in the working directory if
/// there is one), lays environment and flags over it (flags > environment > file > default) and
/// checks everything. Never throws for a mistake: all of them are added to `findings`, and what is
/// right is in the answer.
Config Load(const Overrides& overrides, const Environment& environment, Findings& findings);

/// The same with the file's text given; `file` is its name in messages.
Config LoadText(const std::string& file, const std::string& text, const Overrides& overrides,
                const Environment& environment, Findings& findings);

}  // namespace pgsluice::config
