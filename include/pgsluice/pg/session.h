#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::pg {

/// How sessions are opened. `url` is a libpq URL or key=value string; the PG* variables fill what
/// it leaves open.
struct SessionOptions {
  std::string url;
  std::string application_name = "pgsluice";
  int connect_timeout_s = 5;
  int statement_timeout_ms = 0;  ///< 0: none.
  int lock_timeout_ms = 0;       ///< 0: none.
};

/// A named statement. The name is the key of the prepared statement and of its metric; the text
/// must live as long as the program or the session (statements are static, or owned by a plan
/// that outlives the session's use of it). Parameters are $1, $2, …
struct Statement {
  std::string name;
  std::string sql;
};

/// The rows of one statement, as text. Cheap to copy; independent of the session's life.
class Result {
 public:
  struct Data;
  explicit Result(std::shared_ptr<const Data> data);

  std::size_t rows() const;
  std::size_t columns() const;
  bool IsNull(std::size_t row, std::size_t column) const;
  /// The value as text; empty for NULL. Valid as long as this result or a copy of it.
  std::string_view Text(std::size_t row, std::size_t column) const;
  /// Throws Error(kReject) when the value is no 64-bit integer.
  std::int64_t Int(std::size_t row, std::size_t column) const;
  bool Bool(std::size_t row, std::size_t column) const;
  /// Rows an INSERT, UPDATE or DELETE changed.
  std::int64_t affected() const;

 private:
  std::shared_ptr<const Data> data_;
};

using Param = std::optional<std::string>;

/// One connection to PostgreSQL, used by one thread at a time. Sets TimeZone UTC, DateStyle ISO,
/// IntervalStyle postgres, bytea_output hex, extra_float_digits 1 and an empty search_path, so
/// that texts of values never depend on the role's or the database's settings. With row_security
/// off: a query whose rows a policy would filter fails, and the policy's functions do not run.
///
/// Errors: a lost or refused connection is Error(kRetry) and leaves the session broken (open a new
/// one); wrong password, role or database is Error(kFatal) with a hint; a failed statement is
/// SqlError (Error(kReject)).
class Session {
 public:
  explicit Session(const SessionOptions& options);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  /// Runs text that may hold several statements; answers with the last one's result.
  Result Exec(std::string_view sql);
  /// Runs a statement that is prepared at its first use in this session.
  Result Exec(const Statement& statement, std::initializer_list<Param> params = {});
  /// Runs a parameterised statement once, without keeping it prepared.
  Result ExecParams(std::string_view sql, std::initializer_list<Param> params);

  void Begin();
  void Commit();
  /// Safe to call in any state, also on a broken session.
  void Rollback() noexcept;
  bool broken() const;
  int server_version() const;  ///< As in 150018.

  /// A name or literal quoted for use inside SQL text.
  static std::string QuoteName(std::string_view name);
  static std::string QuoteLiteral(std::string_view text);

  /// Whether sessions opened from now on refuse to read views, so that one that took the place of a
  /// table runs none of its owner's functions. Not before servers 14.13, 15.8 and 16.4.
  static void RefuseViews(bool refuse);

 private:
  friend class Listener;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Rolls back on leaving the scope unless committed.
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

/// A session of its own that waits for NOTIFY, for lock games and small queries in between.
class Listener {
 public:
  Listener(const SessionOptions& options, const std::string& channel);
  ~Listener();
  /// Waits until a notification arrives (true), Interrupt() is called or the time is over (false).
  /// Throws Error(kRetry) when the connection is lost.
  bool Wait(int timeout_ms);
  /// Ends a running or the next Wait(). The only member another thread may call.
  void Interrupt();
  Session& session();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pgsluice::pg
