#include <Poco/Util/ServerApplication.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>

#include "app/cli/cli.h"
#include "app/cli/each_database.h"
#include "app/cli/reference.h"
#include "app/commands/check_access.h"
#include "app/commands/commands.h"
#include "app/service/memory.h"
#include "pgsluice/base/printable.h"
#include "pgsluice/config/databases.h"
#include "pgsluice/config/loader.h"
#include "pgsluice/observe/log.h"
#include "pgsluice/pg/session.h"

namespace {

using namespace pgsluice;

const std::map<std::string, app::Run>& Dispatch() {
  static const std::map<std::string, app::Run> dispatch = {
      {"attach", app::RunAttach},   {"backfill", app::RunBackfill},
      {"config", app::RunConfig},   {"dead-letters", app::RunDeadLetters},
      {"detach", app::RunDetach},   {"health", app::RunHealth},
      {"keys", app::RunKeys},       {"migrate", app::RunMigrate},
      {"preview", app::RunPreview}, {"prune", app::RunPrune},
      {"reindex", app::RunReindex}, {"run", app::RunService},
      {"serve", app::RunService},   {"status", app::RunStatus},
      {"sync", app::RunService},    {"verify", app::RunVerify},
      {"wait", app::RunWait},
  };
  return dispatch;
}

/// Returns whether the command finishes what is in flight when it is stopped.
bool TakesSignals(const std::string& command) {
  return command == "run" || command == "sync" || command == "serve" || command == "backfill" ||
         command == "reindex";
}

/// Returns whether the command needs correct keys, policies and certificates.
bool Serves(const std::string& command) {
  return command == "run" || command == "sync" || command == "serve" || command == "config";
}

void PrintError(const Error& error) {
  std::cerr << "pgsluice: error: " << base::Printable(error.what()) << '\n';
  if (!error.hint().empty()) std::cerr << "  hint: " << base::Printable(error.hint()) << '\n';
}

/// Returns whether the configuration may concern a view, because only its rows need a configured
/// key.
template <typename Trees>
bool ReadsViews(const Trees& trees) {
  return std::any_of(trees.begin(), trees.end(), [](const auto& tree) {
    return !tree.key.empty() || !tree.sources.empty() || ReadsViews(tree.embeds);
  });
}

/// Throws if the output was not written completely, for example because a disk is full. A reader
/// that has seen enough (`| head`) is not an error.
void FinishOutput() {
  std::cout.flush();
  if (std::cout && std::ferror(stdout) == 0) return;
  // Writes again to get the cause, because an earlier write may have failed.
  errno = 0;
  std::clearerr(stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
  if (errno == EPIPE) return;
  throw Error(Disposition::kFatal,
              std::string("cannot write the output: ") +
                  (errno == 0 ? "a part of it was lost" : std::strerror(errno)));
}

int Execute(const app::Invocation& invocation) {
  if (invocation.Has("version")) {
    std::cout << "pgsluice " PGSLUICE_VERSION "\n";
    return app::kOk;
  }
  if (invocation.Has("help") || invocation.command.empty()) {
    std::cout << app::Help(invocation.command);
    return invocation.Has("help") ? app::kOk : app::kUsage;
  }
  if (invocation.command == "completion") {
    std::cout << app::Completion(invocation.subcommand);
    return app::kOk;
  }
  config::Findings findings;
  config::Config config =
      config::Load({.flags = invocation.options}, config::ProcessEnvironment(), findings);
  if (Serves(invocation.command)) app::CheckAccess(config, findings);
  observe::ConfigureLog(config.log_format, config.log_level);
  const bool reports_itself = invocation.command == "config" || invocation.command == "keys";
  if (!reports_itself && app::PrintFindings(findings, std::cerr)) return app::kBadConfiguration;
  if (invocation.Has("database")) app::KeepDatabase(config, invocation.Option("database"));
  pg::Session::RefuseViews(!ReadsViews(config.indexes));
  const auto run = Dispatch().find(invocation.command);
  if (run == Dispatch().end()) {
    throw app::UsageError(invocation.command + " is not part of this build", "");
  }
  const app::Context context{invocation, config, findings, std::cout, std::cerr};
  const bool in_each = config::HasNames(config) && app::WorksInEach(invocation);
  return in_each ? app::RunInEach(run->second, context) : run->second(context);
}

/// The signals that the service waits for, and those that end a command.
sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&signals, number);
  return signals;
}

/// Restores the default actions for crashes, or a sanitizer's. Poco's actions throw a C++ exception
/// or call abort(), and both hide where the crash happened.
class CrashHandlers {
 public:
  CrashHandlers() {
    for (auto& [number, action] : actions_) sigaction(number, nullptr, &action);
  }
  void Restore() const {
    for (const auto& [number, action] : actions_) sigaction(number, &action, nullptr);
  }

 private:
  std::map<int, struct sigaction> actions_{{SIGILL, {}}, {SIGBUS, {}}, {SIGSEGV, {}}, {SIGSYS, {}}};
};

/// The application. It does not use Poco's own parsing of options, because that accepts
/// abbreviations, nor Poco's subsystems, because spdlog writes the log and Poco's configuration
/// would lose part of ours.
class Application : public Poco::Util::ServerApplication {
 public:
  int Start(const std::vector<std::string>& arguments) {
    stopOptionsProcessing();
    init(arguments);
    return run();
  }

 protected:
  void defineOptions(Poco::Util::OptionSet&) override {}
  void initialize(Poco::Util::Application&) override {}

  int main(const std::vector<std::string>& arguments) override {
    try {
      const app::Invocation invocation = app::Parse(arguments);
      if (!TakesSignals(invocation.command)) {
        const sigset_t signals = Signals();
        pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
      }
      const int code = Execute(invocation);
      FinishOutput();
      return code;
    } catch (const app::UsageError& error) {
      PrintError(error);
      return app::kUsage;
    } catch (const app::BadConfiguration&) {
      return app::kBadConfiguration;
    } catch (const Error& error) {
      PrintError(error);
    } catch (const std::exception& error) {
      std::cerr << "pgsluice: error: " << error.what() << '\n';
    }
    return app::kFailed;
  }
};

}  // namespace

int main(int argc, char** argv) {
  app::KeepMemorySmall();
  // Done before any thread exists, so that all inherit it. The service receives signals with
  // sigwait; other commands unblock them and are ended by the default action.
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const CrashHandlers handlers;
    Application application;
    handlers.Restore();
    // With a slash, so that Poco does not look for it in PATH, which need not be set.
    std::vector<std::string> arguments = {"./pgsluice"};
    arguments.insert(arguments.end(), argv + std::min(argc, 1), argv + argc);
    return application.Start(arguments);
  } catch (const Poco::Exception& error) {  // Such as a working directory that was removed.
    std::cerr << "pgsluice: error: " << error.displayText() << '\n';
  }
  return app::kFailed;
}
