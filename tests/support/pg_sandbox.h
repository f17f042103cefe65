#pragma once

#include <memory>
#include <string>

#include "pgsluice/pg/session.h"

namespace pgsluice::testing {

/// A separate database on the server that PGSLUICE_DATABASE_URL names, dropped at the end. Throws
/// (so the test fails) if the variable is not set.
class PgSandbox {
 public:
  PgSandbox();
  explicit PgSandbox(const std::string& server);  ///< On the server of this URL instead.
  ~PgSandbox();
  PgSandbox(const PgSandbox&) = delete;
  PgSandbox& operator=(const PgSandbox&) = delete;

  const std::string& url() const { return url_; }
  pg::SessionOptions options() const { return {.url = url_}; }
  pg::Session& session() { return *session_; }
  /// Connects again after the server ended the session.
  void Reconnect();
  pg::Result Exec(const std::string& sql) { return session_->Exec(sql); }
  /// Returns the first column of the first row.
  std::string Text(const std::string& sql);
  /// Applies all migrations.
  void Migrate();

  /// The URL of the server, with another database.
  static std::string UrlOf(const std::string& database);

 private:
  std::string server_;
  std::string name_;
  std::string url_;
  std::unique_ptr<pg::Session> session_;
};

}  // namespace pgsluice::testing
