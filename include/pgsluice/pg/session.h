#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::pg {

/// How sessions are opened. `url` is a libpq URL or key=value string; the PG* variables apply to
/// what it does not set.
struct SessionOptions {
  std::string url;
  std::string application_name = "pgsluice";
  int connect_timeout_s = 5;
  int statement_timeout_ms = 0;  ///< 0: none.
  int lock_timeout_ms = 0;       ///< 0: none.
};

/// A named statement. Each session prepares it once, at its first use, and finds it again by its
/// text. Parameters are $1, $2, …
struct Statement {
  std::string name;
  std::string sql;
};

/// The rows of one statement, as text. Cheap to copy, and independent of the session.
class Result {
 public:
  struct Data;
  explicit Result(std::shared_ptr<const Data> data);

  std::size_t rows() const;
  std::size_t columns() const;
  bool IsNull(std::size_t row, std::size_t column) const;
  /// Returns the value as text; empty for NULL. Valid as long as this result or a copy of it.
  std::string_view Text(std::size_t row, std::size_t column) const;
  /// Throws Error(kReject) if the value is not a 64-bit integer.
  std::int64_t Int(std::size_t row, std::size_t column) const;
  bool Bool(std::size_t row, std::size_t column) const;
  /// Returns the number of rows that an INSERT, UPDATE or DELETE changed.
  std::int64_t affected() const;

 private:
  std::shared_ptr<const Data> data_;
};

using Param = std::optional<std::string>;

/// One connection to PostgreSQL, used by one thread at a time. Sets TimeZone UTC, DateStyle ISO,
/// IntervalStyle postgres, bytea_output hex, extra_float_digits 1 and an empty search_path, so that
/// texts of values never depend on the settings of the role or the database. Sets row_security off:
/// a query whose rows a policy would filter fails instead of losing rows, and the policy's
/// functions do not run.
///
/// Throws Error(kRetry) if the connection is lost or refused; a lost one leaves the session broken,
/// so open a new one. Throws Error(kFatal) with a hint for a wrong password, role or database, and
/// SqlError for a failed statement.
class Session {
 public:
  explicit Session(const SessionOptions& options);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  /// Runs text that may hold several statements. Returns the result of the last one.
  Result Exec(std::string_view sql);
  /// Runs a statement, which is prepared at its first use in this session.
  Result Exec(const Statement& statement, std::initializer_list<Param> params = {});
  /// Runs a parameterised statement once, without keeping it prepared.
  Result ExecParams(std::string_view sql, std::initializer_list<Param> params);

  void Begin();
  void Commit();
  /// May be called in any state, also on a broken session.
  void Rollback() noexcept;
  bool broken() const;
  int server_version() const;  ///< As in 150018.

  /// Quotes a name or literal for use inside SQL text.
  static std::string QuoteName(std::string_view name);
  static std::string QuoteLiteral(std::string_view text);

  /// Decides whether sessions opened from now on refuse to read views. Then a view that replaced a
  /// table cannot run functions of its owner. Has no effect before servers 14.13, 15.8 and 16.4.
  static void RefuseViews(bool refuse);

 private:
  friend class Listener;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A transaction that is rolled back at the end of the scope unless it was committed.
class Transaction {
 public:
  explicit Transaction(Session& session) : session_(session) { session_.Begin(); }
  ~Transaction() {
    if (!done_) session_.Rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit() {
    session_.Commit();
    done_ = true;
  }

 private:
  Session& session_;
  bool done_ = false;
};

/// A separate session that waits for NOTIFY, and runs locks and small queries in between.
class Listener {
 public:
  Listener(const SessionOptions& options, const std::string& channel);
  ~Listener();
  /// Waits until a notification arrives (returns true), or until Interrupt() is called or the time
  /// is over (returns false). Throws Error(kRetry) if the connection is lost.
  bool Wait(int timeout_ms);
  /// Ends the running or next Wait(). The only member that another thread may call.
  void Interrupt();
  Session& session();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pgsluice::pg
