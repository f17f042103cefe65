#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/process.h"

namespace pgsluice::testing {

/// A separate PostgreSQL server, which a test may stop, kill and restart: a temporary cluster on
/// loopback, with the programs in PGSLUICE_TEST_PG_BIN (set by scripts/test) or else the newest
/// version under /usr/lib/postgresql. PostgreSQL refuses to run as root, so for root it uses the
/// account that scripts/services creates.
class OwnPostgres {
 public:
  /// With further settings as in `name=value`.
  explicit OwnPostgres(std::vector<std::string> settings = {});
  ~OwnPostgres();
  OwnPostgres(const OwnPostgres&) = delete;
  OwnPostgres& operator=(const OwnPostgres&) = delete;

  enum class Mode { kFast, kImmediate };

  void Start();
  /// Like `pg_ctl stop -m …`: returns when the server has stopped, with the seconds that took.
  double Stop(Mode mode);
  /// Saves the present data, and restores it, like a failover to a server that lost the latest
  /// transactions. Call while it is stopped.
  void KeepCopy();
  void RestoreCopy();
  std::string UrlOf(const std::string& database) const;
  std::uint16_t port() const { return port_; }
  /// Runs the statement in database "postgres".
  void Exec(const std::string& sql);

 private:
  const std::vector<std::string> settings_;
  std::string directory_;
  std::uint16_t port_;
  std::unique_ptr<Process> server_;
};

}  // namespace pgsluice::testing
