#include "support/own_engine.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "pgsluice/http/transport.h"
#include "support/paths.h"

namespace pgsluice::testing {

namespace {

std::string Kind() {
  const char* given = std::getenv("PGSLUICE_TEST_ENGINE");
  return given == nullptr ? "opensearch3" : given;
}

}  // namespace

OwnEngine::OwnEngine(std::vector<std::string> settings)
    : settings_(std::move(settings)), port_(FreePort()) {
  std::string directory = "/tmp/pgsluice_engine_XXXXXX";
  directory_ = mkdtemp(directory.data());
  Start();
}

OwnEngine::~OwnEngine() {
  if (server_) Kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void OwnEngine::Start() {
  std::vector<std::string> command = {testing::SourceFile("/scripts/lib/own_engine"), Kind(),
                                      directory_, std::to_string(port_)};
  command.insert(command.end(), settings_.begin(), settings_.end());
  server_ = std::make_unique<Process>(command, Process::Options{});
  http::ClientOptions options;
  options.urls = {url()};
  const auto client = http::MakeClient(options);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  // Its output is read meanwhile, so that it never blocks.
  while (!server_->WaitForLine("does not start", std::chrono::milliseconds(200))) {
    try {
      if (client->Send({.path = "/_cluster/health?wait_for_status=yellow"}).status == 200) return;
    } catch (const std::exception&) {
      if (std::chrono::steady_clock::now() > deadline) break;
    }
  }
  throw std::runtime_error("the engine does not start: " + server_->out() + server_->err());
}

void OwnEngine::Kill() {
  server_->SignalGroup(SIGKILL);
  server_.reset();
}

void OwnEngine::Pause() { server_->SignalGroup(SIGSTOP); }

void OwnEngine::Resume() { server_->SignalGroup(SIGCONT); }

}  // namespace pgsluice::testing
