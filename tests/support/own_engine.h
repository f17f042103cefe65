#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/process.h"

namespace pgsluice::testing {

/// A separate search engine, which a test may pause, kill and restart: a node on loopback of the
/// kind that PGSLUICE_TEST_ENGINE names (opensearch3 if not set), with a small heap.
class OwnEngine {
 public:
  /// With further lines in its configuration, as in `http.max_content_length: 1mb`.
  explicit OwnEngine(std::vector<std::string> settings = {});
  ~OwnEngine();
  OwnEngine(const OwnEngine&) = delete;
  OwnEngine& operator=(const OwnEngine&) = delete;

  /// Returns when it answers; it keeps its data.
  void Start();
  /// Sends SIGKILL to it and its helpers.
  void Kill();
  void Pause();
  void Resume();

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void SignalAll(int number) const;

  const std::vector<std::string> settings_;
  std::string directory_;
  std::uint16_t port_;
  std::unique_ptr<Process> server_;
};

}  // namespace pgsluice::testing
