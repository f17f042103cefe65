#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/paths.h"
#include "support/process.h"
#include "support/sync_fixture.h"

namespace pgsluice::testing {

/// A sync, and the binary's commands on the same database and indexes.
class CommandTest : public SyncTest {
 protected:
  Outcome Run(std::vector<std::string> arguments) {
    return RunPgsluice(Command(std::move(arguments)));
  }
  std::unique_ptr<Process> Begin(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), testing::Binary());
    return std::make_unique<Process>(Command(std::move(arguments)), Process::Options{});
  }
  /// Fails the test if the condition is not met within half a minute.
  template <typename Condition>
  static void Await(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }

  std::string more_config_;  ///< Members for the configuration file, each with a comma before it.

 private:
  std::vector<std::string> Command(std::vector<std::string> arguments) {
    // A separate file for each, because a command that is still starting may be reading its own.
    const std::string file =
        ::testing::TempDir() + prefix_ + "command" + std::to_string(commands_++) + ".json";
    std::ofstream(file) << R"({"elasticsearch": {"index_prefix": ")" << prefix_ << R"("})"
                        << R"(, "admin_listen": "127.0.0.1:)" << FreePort() << '"' << more_config_
                        << "}";
    arguments.insert(arguments.end(), {"--config", file, "--database-url", db_.url(),
                                       "--elasticsearch-url", config_.elasticsearch.urls[0]});
    return arguments;
  }

  int commands_ = 0;
};

}  // namespace pgsluice::testing
