#pragma once

#include <string>
#include <utility>

#include "pgsluice/base/error.h"

namespace pgsluice::pg {

/// A statement that the server refused. `sqlstate` may be empty where the library hides it.
class SqlError : public Error {
 public:
  SqlError(std::string sqlstate, const std::string& message, std::string hint = {})
      : Error(Disposition::kReject, message, std::move(hint)), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const { return sqlstate_; }
  /// Whether the value of a row is at fault and not the statement: class 22 (data exception), or
  /// what a function raised (P0). Other rows may be read all the same.
  bool IsOfOneRow() const { return sqlstate_.rfind("22", 0) == 0 || sqlstate_.rfind("P0", 0) == 0; }

 private:
  std::string sqlstate_;
};

}  // namespace pgsluice::pg
