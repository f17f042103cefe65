#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "pgsluice/engine/engine.h"

namespace pgsluice::testing {

/// A separate prefix for the indexes of one test, on the engine that PGSLUICE_ELASTICSEARCH_URL
/// names. Deletes all indexes with this prefix at the end. Throws (so the test fails) if the
/// variable is not set.
class EngineSandbox {
 public:
  EngineSandbox();
  ~EngineSandbox();
  EngineSandbox(const EngineSandbox&) = delete;
  EngineSandbox& operator=(const EngineSandbox&) = delete;

  const std::string& url() const { return url_; }
  std::string host() const;
  std::uint16_t port() const;
  const std::string& prefix() const { return prefix_; }  ///< "t4711-3-"
  std::string Name(const std::string& index) const { return prefix_ + index; }
  /// Creates an index behind an alias; returns the alias's full name.
  std::string MakeAlias(const std::string& name, const std::string& body = "{}");
  engine::Engine& engine() { return *engine_; }
  std::shared_ptr<http::Transport> transport() { return transport_; }
  /// Returns the body of an answer with status 200; otherwise throws.
  std::string Get(const std::string& path);

 private:
  std::string url_;
  std::string prefix_;
  std::shared_ptr<http::Transport> transport_;
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace pgsluice::testing
