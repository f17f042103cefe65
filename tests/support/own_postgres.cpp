#include "support/own_postgres.h"

#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "pgsluice/pg/session.h"

namespace pgsluice::testing {

namespace {

constexpr const char* kAccount = "pgsluice-test";  // scripts/lib/common.sh makes it

std::string Bin() {
  if (const char* given = std::getenv("PGSLUICE_TEST_PG_BIN")) return given;
  std::string bin;
  for (const char* version : {"14", "15", "16", "17", "18"}) {
    const std::string candidate = std::string("/usr/lib/postgresql/") + version + "/bin";
    if (std::filesystem::exists(candidate + "/postgres")) bin = candidate;
  }
  if (bin.empty()) throw std::runtime_error("no PostgreSQL under /usr/lib/postgresql");
  return bin;
}

std::vector<std::string> AsAccount(std::vector<std::string> command) {
  if (getuid() != 0) return command;
  std::vector<std::string> all = {"/usr/bin/setpriv", std::string("--reuid=") + kAccount,
                                  std::string("--regid=") + kAccount, "--init-groups", "--"};
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

void CopyTree(const std::string& from, const std::string& to) {
  Process copy(AsAccount({"/bin/cp", "-a", from, to}), {});
  if (copy.Wait() != 0) throw std::runtime_error("cp: " + copy.err());
}

}  // namespace

OwnPostgres::OwnPostgres(std::vector<std::string> settings)
    : settings_(std::move(settings)), port_(FreePort()) {
  std::string directory = "/tmp/pgsluice_own_XXXXXX";
  directory_ = mkdtemp(directory.data());
  if (getuid() == 0) {
    const passwd* account = getpwnam(kAccount);
    if (account == nullptr) {
      throw std::runtime_error(std::string("no account ") + kAccount + ": scripts/services start");
    }
    if (chown(directory_.c_str(), account->pw_uid, account->pw_gid) != 0) {
      throw std::runtime_error("chown " + directory_);
    }
  }
  Process initdb(AsAccount({Bin() + "/initdb", "-D", directory_ + "/data", "-U", "postgres", "-A",
                            "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"}),
                 {.directory = directory_});
  if (initdb.Wait() != 0) throw std::runtime_error("initdb: " + initdb.err());
  Start();
}

OwnPostgres::~OwnPostgres() {
  if (server_) Stop(Mode::kImmediate);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void OwnPostgres::Start() {
  std::vector<std::string> command = {Bin() + "/postgres", "-D", directory_ + "/data", "-p",
                                      std::to_string(port_)};
  std::vector<std::string> settings = {
      "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off",
      "max_connections=100",        "shared_buffers=32MB",      "timezone=UTC",
      "log_min_messages=fatal"};
  settings.insert(settings.end(), settings_.begin(), settings_.end());
  for (const std::string& setting : settings) {
    command.emplace_back("-c");
    command.push_back(setting);
  }
  server_ =
      std::make_unique<Process>(AsAccount(command), Process::Options{.directory = directory_});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (;;) {
    try {
      pg::Session session({.url = UrlOf("postgres")});
      return;
    } catch (const std::exception&) {
      if (std::chrono::steady_clock::now() > deadline) {
        throw std::runtime_error("PostgreSQL does not start: " + server_->err());
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

double OwnPostgres::Stop(Mode mode) {
  const auto begin = std::chrono::steady_clock::now();
  server_->Signal(mode == Mode::kFast ? SIGINT : SIGQUIT);
  if (server_->Wait(std::chrono::seconds(60)) == -1) throw std::runtime_error("does not stop");
  server_.reset();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void OwnPostgres::KeepCopy() { CopyTree(directory_ + "/data", directory_ + "/copy"); }

void OwnPostgres::RestoreCopy() {
  std::filesystem::remove_all(directory_ + "/data");
  CopyTree(directory_ + "/copy", directory_ + "/data");
}

std::string OwnPostgres::UrlOf(const std::string& database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

void OwnPostgres::Exec(const std::string& sql) {
  pg::Session session({.url = UrlOf("postgres")});
  session.Exec(sql);
}

}  // namespace pgsluice::testing
