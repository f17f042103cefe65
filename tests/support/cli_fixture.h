#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "support/pg_sandbox.h"
#include "support/process.h"

namespace pgsluice::testing {

/// Runs the binary in an empty working directory.
class CliFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "pgsluice_cli_XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Configure(const std::string& text) { std::ofstream(directory_ + "/pgsluice.json") << text; }
  Outcome Run(std::vector<std::string> arguments,
              const std::map<std::string, std::string>& environment = {}) {
    return RunPgsluice(std::move(arguments), {.environment = environment, .directory = directory_});
  }
  Outcome RunOn(const PgSandbox& database, const std::vector<std::string>& arguments) {
    return Run(arguments, {{"PGSLUICE_DATABASE_URL", database.url()}});
  }

  std::string directory_;
};

}  // namespace pgsluice::testing
