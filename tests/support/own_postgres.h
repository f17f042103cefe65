#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/process.h"

namespace pgsluice::testing {

/// A PostgreSQL server of its own, which a test may stop, kill and start again: a throw-away
/// cluster on loopback, of the programs in PGSLUICE_TEST_PG_BIN (scripts/test sets it) or else of
/// the newest version under /usr/lib/postgresql. PostgreSQL refuses root,
/// for whom the server runs under the account that scripts/services makes.
class OwnPostgres {
 public:
  /// With further settings as in `name=value`.
  explicit OwnPostgres(std::vector<std::string> settings = {});
  ~OwnPostgres();
  OwnPostgres(const OwnPostgres&) = delete;
  OwnPostgres& operator=(const OwnPostgres&) = delete;

  enum class Mode { kFast, kImmediate };

  void Start();
  /// As `pg_ctl stop -m …`: answers when the server is gone, with the seconds that took.
  double Stop(Mode mode);
  /// Keeps the present data aside, and puts it back, as a failover to a server that lost the latest
  /// transactions. While it is stopped.
  void KeepCopy();
  void RestoreCopy();
  std::string UrlOf(const std::string& database) const;
  std::uint16_t port() const { return port_; }
  /// The statement, on database "postgres".
  void Exec(const std::string& sql);

 private:
  const std::vector<std::string> settings_;
  std::string directory_;
  std::uint16_t port_;
  std::unique_ptr<Process> server_;
};

}  // namespace pgsluice::testing
