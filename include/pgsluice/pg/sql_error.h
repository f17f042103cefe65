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

 private:
  std::string sqlstate_;
};

}  // namespace pgsluice::pg
