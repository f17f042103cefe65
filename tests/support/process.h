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

  /// Reads on until a line of stderr or stdout contains `text`. False when the process ended or
  /// the time is over.
  bool WaitForLine(const std::string& text, std::chrono::milliseconds timeout);
  /// Reads on until the process ends. The exit code, or 128 + the signal that ended it; -1 when
  /// the time is over.
  int Wait(std::chrono::milliseconds timeout = std::chrono::seconds(60));
  void Signal(int number) const;
  /// To its process group, of which it must be the head.
  void SignalGroup(int number) const;

  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  /// Takes what the pipes hold, waiting for something until `deadline`. False when both are closed.
  bool ReadSome(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int out_pipe_ = -1, err_pipe_ = -1;
  std::string out_, err_;
  bool reaped_ = false;
  int code_ = -1;
};

/// A free port on loopback, below the range that the kernel hands out for connections: it stays
/// free while nobody listens on it.
std::uint16_t FreePort();

/// The outcome of a run of the pgsluice binary.
struct Outcome {
  int code;
  std::string out, err;
};
Outcome RunPgsluice(std::vector<std::string> arguments, const Process::Options& options = {});

}  // namespace pgsluice::testing
