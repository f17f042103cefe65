#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "pgsluice/base/error.h"

namespace pgsluice::pg {

/// A statement that the server refused: kReject, or kRetry if the same statement may succeed later.
/// `sqlstate` may be empty if the library hides it.
class SqlError : public Error {
 public:
  SqlError(std::string sqlstate, const std::string& message, std::string hint = {})
      : Error(DispositionOf(sqlstate), message, std::move(hint)), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const { return sqlstate_; }
  /// Returns whether the value of a row caused it, not the statement: class 22 (data exception), or
  /// an exception raised by a function (P0). Other rows can still be read.
  bool IsOfOneRow() const { return sqlstate_.rfind("22", 0) == 0 || sqlstate_.rfind("P0", 0) == 0; }
  /// Returns whether another session held a lock: lock_not_available, or deadlock_detected.
  bool IsOfLock() const { return sqlstate_ == "55P03" || sqlstate_ == "40P01"; }

 private:
  /// Classes 40 (rolled back because of another transaction), 53 (out of resources), 55 (locked)
  /// and 57 (interrupted) do not mean that the statement is wrong.
  static Disposition DispositionOf(std::string_view sqlstate) {
    const std::string_view state = sqlstate.substr(0, 2);
    const bool passes = state == "40" || state == "53" || state == "55" || state == "57";
    return passes ? Disposition::kRetry : Disposition::kReject;
  }

  std::string sqlstate_;
};

}  // namespace pgsluice::pg
