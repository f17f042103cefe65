#pragma once

#include <chrono>
#include <iosfwd>

#include "app/cli/cli.h"
#include "pgsluice/base/error.h"
#include "pgsluice/config/config.h"
#include "pgsluice/config/finding.h"

namespace pgsluice::app {

/// What a command gets. It prints data to `out`, and messages for people to `err`.
struct Context {
  const Invocation& invocation;
  const config::Config& config;
  /// Findings in the configuration. If there are errors, only `config` and `keys` are called.
  const config::Findings& findings;
  std::ostream& out;
  std::ostream& err;
  /// When the command began. With several databases, all of them share its time.
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

inline constexpr int kOk = 0, kFailed = 1, kUsage = 2, kDifferences = 3, kTimeout = 4,
                     kBadConfiguration = 78;

/// The configuration does not fit the database, and every finding has been printed.
class BadConfiguration : public Error {
 public:
  BadConfiguration() : Error(Disposition::kFatal, "bad configuration") {}
};

// Each returns the exit code, and throws pgsluice::Error (exit code 1), UsageError (2) or
// BadConfiguration (78).
int RunMigrate(const Context& context);
int RunAttach(const Context& context);
int RunDetach(const Context& context);
/// Runs run, sync or serve until a signal arrives.
int RunService(const Context& context);
int RunBackfill(const Context& context);
int RunReindex(const Context& context);
int RunStatus(const Context& context);
int RunVerify(const Context& context);
int RunWait(const Context& context);
int RunDeadLetters(const Context& context);
int RunConfig(const Context& context);
int RunPreview(const Context& context);
int RunPrune(const Context& context);
int RunKeys(const Context& context);
int RunHealth(const Context& context);

/// Prints "pgsluice: error: place: message; hint" for every finding. Returns true if any of them is
/// not a warning.
bool PrintFindings(const config::Findings& findings, std::ostream& err);

}  // namespace pgsluice::app
