#pragma once

#include <exception>
#include <string>

namespace pgsluice::pg {

/// One of our errors, made from a libpqxx exception.
struct Failure {
  std::exception_ptr error;
  bool lost = false;  ///< The session cannot be used any longer.
};

/// Translates the exception that is being handled. `where` describes the server, without secrets.
Failure Translate(const std::string& where);

/// Throws an error for a failed attempt to connect: Error(kRetry) while the server is unavailable
/// or full, Error(kFatal) with a hint if user, password or database are wrong.
[[noreturn]] void ThrowConnectError(const std::string& message, const std::string& where);

}  // namespace pgsluice::pg
