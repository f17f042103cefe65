#pragma once

#include <exception>
#include <string>

namespace pgsluice::pg {

/// A libpqxx exception as one of ours.
struct Failure {
  std::exception_ptr error;
  bool lost = false;  ///< The session cannot be used any more.
};

/// Translates the exception being handled. `where` describes the server, without secrets.
Failure Translate(const std::string& where);

/// Throws what became of an attempt to connect: Error(kRetry) while the server is away or full,
/// Error(kFatal) with a hint when user, password or database are wrong.
[[noreturn]] void ThrowConnectError(const std::string& message, const std::string& where);

}  // namespace pgsluice::pg
