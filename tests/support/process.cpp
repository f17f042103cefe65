#include "support/process.h"
#include "support/paths.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <stdexcept>

extern char** environ;

namespace pgsluice::testing {

namespace {

std::vector<std::string> Environment(const Process::Options& options) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    if (options.environment.contains(name)) continue;
    if (options.clean_environment && name.starts_with("PG")) continue;
    out.push_back(text);
  }
  for (const auto& [name, value] : options.environment) out.push_back(name + '=' + value);
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool Take(int& fd, std::string& into) {
  std::array<char, 4096> buffer{};
  const ssize_t size = read(fd, buffer.data(), buffer.size());
  if (size > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(size));
    return true;
  }
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  close(fd);
  fd = -1;
  return false;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const Options& options) {
  std::array<int, 2> out{}, err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipes");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  if (!options.directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  }
  std::vector<std::string> arguments = command;
  std::vector<std::string> environment = Environment(options);
  const int error = posix_spawn(&pid_, command[0].c_str(), &actions, nullptr,
                                Pointers(arguments).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  out_pipe_ = out[0];
  err_pipe_ = err[0];
  if (error != 0) {
    reaped_ = true;
    throw std::runtime_error("cannot run " + command[0]);
  }
}

Process::~Process() {
  if (!reaped_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (out_pipe_ >= 0) close(out_pipe_);
  if (err_pipe_ >= 0) close(err_pipe_);
}

bool Process::ReadSome(std::chrono::steady_clock::time_point deadline) {
  std::array<pollfd, 2> fds{pollfd{out_pipe_, POLLIN, 0}, pollfd{err_pipe_, POLLIN, 0}};
  if (out_pipe_ < 0 && err_pipe_ < 0) return false;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  if (poll(fds.data(), fds.size(), static_cast<int>(std::max<long>(0, left.count()))) <= 0) {
    return true;
  }
  if (fds[0].revents != 0) Take(out_pipe_, out_);
  if (fds[1].revents != 0) Take(err_pipe_, err_);
  return true;
}

bool Process::WaitForLine(const std::string& text, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto found = [&] {
    return out_.find(text) != std::string::npos || err_.find(text) != std::string::npos;
  };
  while (!found() && std::chrono::steady_clock::now() < deadline && ReadSome(deadline)) {
  }
  return found();
}

int Process::Wait(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!reaped_ && ReadSome(deadline)) {
    if (std::chrono::steady_clock::now() >= deadline) return -1;
  }
  if (reaped_) return code_;
  int status = 0;
  waitpid(pid_, &status, 0);
  reaped_ = true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

void Process::Signal(int number) const {
  if (!reaped_) kill(pid_, number);
}

void Process::SignalGroup(int number) const {
  if (!reaped_ && getpgid(pid_) == pid_) kill(-pid_, number);
}

std::uint16_t FreePort() {
  static std::atomic<int> next{getpid() * 37};
  for (int tries = 0; tries < 1000; ++tries) {
    const int port = 12000 + next++ % 8000;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool is_free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (is_free) return static_cast<std::uint16_t>(port);
  }
  throw std::runtime_error("no free port");
}

Outcome RunPgsluice(std::vector<std::string> arguments, const Process::Options& options) {
  arguments.insert(arguments.begin(), testing::Binary());
  Process process(arguments, options);
  const int code = process.Wait();
  return {code, process.out(), process.err()};
}

}  // namespace pgsluice::testing
