#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"

namespace pgsluice::config {

/// The values that the command line sets: flag names without the dashes ("config", "database-url",
/// …).
struct Overrides {
  std::map<std::string, std::string> flags;
};

/// Returns the value of an environment variable, or nullopt.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// Returns the environment of this process.
Environment ProcessEnvironment();

/// Reads the file (flag `config`, or PGSLUICE_CONFIG, or pgsluice.json in the working directory if
/// it exists). Applies environment and flags (flags > environment > file > default) and checks
/// everything. Never throws for a mistake: adds all of them to `findings`, and returns what is
/// correct.
Config Load(const Overrides& overrides, const Environment& environment, Findings& findings);

/// Loads the given text instead of a file; `file` is its name in messages.
Config LoadText(const std::string& file, const std::string& text, const Overrides& overrides,
                const Environment& environment, Findings& findings);

/// Checks the value of one flag ("log-level") without the other settings. Returns what is wrong
/// with it, or nothing if it is correct or no setting has this flag.
std::optional<Finding> CheckFlag(const std::string& flag, const std::string& value);

}  // namespace pgsluice::config
