#pragma once

#include <iosfwd>

#include "cli.h"
#include "pgsluice/config/config.h"
#include "pgsluice/config/problem.h"

namespace pgsluice::app {

/// What a command gets. Data goes to `out`, what people read meanwhile to `err`.
struct Context {
  const Invocation& invocation;
  const config::Config& config;
  /// Mistakes in the configuration. Only `config` and `keys` are called when there are any.
  const config::Problems& problems;
  std::ostream& out;
  std::ostream& err;
};

inline constexpr int kOk = 0, kFailed = 1, kUsage = 2, kDifferences = 3, kTimeout = 4,
                     kBadConfiguration = 78;

// Each answers the exit code, and throws pgsluice::Error (exit code 1).
int RunConfig(const Context& context);
int RunKeys(const Context& context);

/// "pgsluice: error: place: message; hint" for every problem. True when any is no warning.
bool PrintProblems(const config::Problems& problems, std::ostream& err);

}  // namespace pgsluice::app
