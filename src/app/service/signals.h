#pragma once

#include <functional>
#include <stop_token>
#include <thread>

namespace pgsluice::app {

/// Takes the process's signals, which main() has blocked in every thread. The first SIGTERM or
/// SIGINT requests a stop; a second one ends the process at once (143, 130), and so does the time:
/// after eight seconds it ends with 0. SIGHUP calls `reload`.
class Signals {
 public:
  explicit Signals(std::function<void()> reload);
  ~Signals();

  /// Whether any was asked to stop: then a command begins nothing new.
  static bool Caught();

  std::stop_token stop() const { return source_.get_token(); }

 private:
  void Run();

  std::function<void()> reload_;
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace pgsluice::app
