#include "support/pg_sandbox.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "pgsluice/migrate/embedded_migrations.h"

namespace pgsluice::testing {

namespace {

std::string ServerUrl() {
  const char* url = std::getenv("PGSLUICE_DATABASE_URL");
  if (url == nullptr) {
    throw std::runtime_error(
        "PGSLUICE_DATABASE_URL is not set: run scripts/services start, then "
        "eval \"$(scripts/services env)\"");
  }
  return url;
}

std::string UniqueName() {
  static std::atomic<int> count{0};
  return "pgsluice_test_" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

std::string WithDatabase(std::string url, const std::string& database) {
  const std::size_t query = url.find('?');
  const std::string parameters = query == std::string::npos ? "" : url.substr(query);
  url.resize(query == std::string::npos ? url.size() : query);
  const std::size_t host = url.find("://") + 3;
  const std::size_t slash = url.find('/', host);
  return url.substr(0, slash) + "/" + database + parameters;
}

}  // namespace

std::string PgSandbox::UrlOf(const std::string& database) {
  return WithDatabase(ServerUrl(), database);
}

PgSandbox::PgSandbox() : PgSandbox(ServerUrl()) {}

PgSandbox::PgSandbox(const std::string& server_url)
    : server_(server_url), name_(UniqueName()), url_(WithDatabase(server_, name_)) {
  pg::Session server({.url = server_});
  server.Exec("DROP DATABASE IF EXISTS " + name_);
  server.Exec("CREATE DATABASE " + name_ + " TEMPLATE template0 ENCODING 'UTF8'");
  Reconnect();
}

void PgSandbox::Reconnect() {
  session_ = std::make_unique<pg::Session>(options());
  session_->Exec("SET search_path = public");
}

PgSandbox::~PgSandbox() {
  session_.reset();
  try {
    pg::Session server({.url = server_});
    server.Exec("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The server was stopped in the test, and its data directory is deleted with it.
    return;
  }
}

std::string PgSandbox::Text(const std::string& sql) {
  const pg::Result rows = session_->Exec(sql);
  return rows.rows() == 0 ? std::string() : std::string(rows.Text(0, 0));
}

void PgSandbox::Migrate() {
  pg::Session session(options());
  for (const auto& migration : migrate::EmbeddedMigrations()) {
    session.Begin();
    session.Exec(migration.sql);
    session.Commit();
  }
}

}  // namespace pgsluice::testing
