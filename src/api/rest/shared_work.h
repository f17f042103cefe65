#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "pgsluice/base/mutex.h"

/// Work for the engine that many callers need at the same time and that is done once for all of
/// them.
namespace pgsluice::api {

/// Shares refreshes. A caller needs one that begins after its request arrived, so callers that
/// arrive while one runs share the next one. Thread-safe.
class SharedRefresh {
 public:
  /// Returns after `refresh` of this name ran completely since the call began. Throws what it
  /// threw.
  void Run(const std::string& name, const std::function<void()>& refresh);

 private:
  struct Rounds {
    std::uint64_t begun = 0, ended = 0;
    bool running = false;
    std::exception_ptr trouble{};  ///< Of the refresh that ended last.
  };

  base::Mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Rounds> rounds_ PGSLUICE_GUARDED_BY(mutex_);
};

/// Shares answers that may be a second old. Callers with the same question wait for the one that
/// asks. Thread-safe.
class SharedAnswers {
 public:
  using Answer = std::vector<std::string>;
  Answer Ask(const std::string& question, const std::function<Answer()>& ask);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::shared_future<Answer> answer;
    Clock::time_point asked;
  };

  base::Mutex mutex_;
  std::map<std::string, Entry> entries_ PGSLUICE_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::api
