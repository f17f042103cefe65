#pragma once

#include <functional>
#include <stop_token>
#include <thread>

namespace pgsluice::app {

/// Receives the process's signals, which main() has blocked in every thread. The first SIGTERM or
/// SIGINT requests a stop. A second one ends the process at once (143, 130). If the stop takes
/// longer than eight seconds, the process ends with 0. SIGHUP calls `reload`.
class Signals {
 public:
  explicit Signals(std::function<void()> reload);
  ~Signals();

  /// Returns whether a stop was requested; a command then begins nothing new.
  static bool Caught();

  std::stop_token stop() const { return source_.get_token(); }

 private:
  void Run();

  std::function<void()> reload_;
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace pgsluice::app
