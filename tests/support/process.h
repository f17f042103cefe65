#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pgsluice::testing {

/// A child process whose output is collected. Killed and reaped when destroyed.
class Process {
 public:
  struct Options {
    std::map<std::string, std::string> environment{};  ///< Added to this process's own.
    std::string directory{};                           ///< Where it runs; empty: here.
    bool clean_environment = true;  ///< Drop PGSLUICE_* and PG* variables of this process.
  };

  Process(const std::vector<std::string>& command, const Options& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Reads until a line of stderr or stdout contains `text`. Returns false if the process ended or
  /// the time is over.
  bool WaitForLine(const std::string& text, std::chrono::milliseconds timeout);
  /// Reads until the process ends. Returns the exit code, or 128 + the signal that ended it; -1 if
  /// the time is over.
  int Wait(std::chrono::milliseconds timeout = std::chrono::seconds(60));
  void Signal(int number) const;
  /// Sends a signal to its process group, which it must lead.
  void SignalGroup(int number) const;

  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  /// Reads the pipes, and waits for output until `deadline`. Returns false if both are closed.
  bool ReadSome(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int out_pipe_ = -1, err_pipe_ = -1;
  std::string out_, err_;
  bool reaped_ = false;
  int code_ = -1;
};

/// Returns a free port on loopback, below the range that the kernel uses for connections, so that
/// it stays free until a program listens on it.
std::uint16_t FreePort();

/// The outcome of a run of the pgsluice binary.
struct Outcome {
  int code;
  std::string out, err;
};
Outcome RunPgsluice(std::vector<std::string> arguments, const Process::Options& options = {});

}  // namespace pgsluice::testing
