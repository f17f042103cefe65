#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/fault_proxy.h"
#include "support/process.h"
#include "support/sync_fixture.h"

namespace pgsluice::testing {

/// Faults on the way to the engine: an engine behind a proxy, table `item`, and the end of a fault
/// test.
class FaultTest : public SyncTest {
 protected:
  FaultTest();
  explicit FaultTest(const std::string& server);

  /// Creates table `item` with `rows` rows, the triggers, and one process that reaches the engine
  /// through `proxy_`. Returns when everything is synced.
  void StartWith(int rows);
  /// Checks: recovered, nothing lost, nothing stale.
  void ExpectRecovered() { ExpectIndex("item", "SELECT id::text, to_json(item) FROM item"); }
  /// Runs the binary, which syncs the same database into the same indexes. The system chooses ports
  /// that are not given.
  std::unique_ptr<Process> RunBinary(const std::string& command, const std::string& admin = {},
                                     const std::string& database = {},
                                     const Process::Options& options = {},
                                     const std::string& listen = "127.0.0.1:0");

  std::string engine_url_;
  FaultProxy proxy_;
  std::string config_file_;

 private:
  /// The configuration file is written only once, because running processes may read it at any
  /// time.
  void Wire();
};

}  // namespace pgsluice::testing
