#pragma once

#include <string>
#include <vector>

namespace pgsluice::config {

/// A mistake or warning in a configuration, found by reading the file or by comparing it with the
/// database.
struct Finding {
  std::string place;  ///< "pgsluice.json, line 3, column 5: indexes.projects.table", or an option.
  std::string message;   ///< What is wrong. Lower-case start, no final stop.
  std::string hint;      ///< What to do ("did you mean …?"), or empty.
  bool warning = false;  ///< Reported, but does not prevent a start.
};

using Findings = std::vector<Finding>;

/// Returns the candidate nearest to `name` by edit distance, if it is near enough to be a typing
/// mistake; otherwise empty.
std::string Nearest(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace pgsluice::config
