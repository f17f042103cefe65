#pragma once

#include <map>
#include <memory>
#include <string>

#include "pg/errors.h"
#include "pg/pqxx_compat.h"
#include "pg/watchdog.h"
#include "pgsluice/pg/session.h"

namespace pgsluice::pg {

struct Result::Data {
  pqxx::result rows;
};

struct Session::Impl {
  std::unique_ptr<pqxx::connection> connection;
  /// Runs statements as they are: BEGIN and COMMIT are SQL. libpqxx delivers no notifications while
  /// a transaction object exists, so a listener removes it in between.
  std::unique_ptr<pqxx::nontransaction> transaction;
  std::map<std::string, std::string> prepared;  ///< Statement text -> name.
  std::size_t prepared_ever = 0;

  /// A session with this many prepared statements discards them. Each takes tens of kilobytes on
  /// the server, and thousands of tables have thousands of statements.
  static constexpr std::size_t kMostPrepared = 500;
  void ForgetPrepared() {
    if (prepared.size() < kMostPrepared) return;
    for (const auto& [sql, name] : prepared) connection->unprepare(name);
    prepared.clear();
  }
  std::string where;  ///< For messages.
  bool broken = false;
  /// Declared after the connection, so that it is destroyed first.
  std::unique_ptr<Watched> watched;

  pqxx::nontransaction& Transaction() {
    if (!transaction) transaction = std::make_unique<pqxx::nontransaction>(*connection);
    return *transaction;
  }

  /// Runs `call`, turns libpqxx's exceptions into ours, and records whether the session is usable.
  template <typename Call>
  Result Guard(Call call) {
    try {
      const Watched::Statement statement(watched.get());
      auto data = std::make_shared<Result::Data>();
      data->rows = call();
      return Result(std::move(data));
    } catch (const std::exception&) {
      const Failure failure = Translate(where);
      broken = broken || failure.lost;
      std::rethrow_exception(failure.error);
    }
  }
};

}  // namespace pgsluice::pg
