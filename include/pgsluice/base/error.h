#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pgsluice {

/// What the caller may do about an error.
enum class Disposition {
  kRetry,   ///< A server is unavailable or busy: back off, read again, try again. Nothing is lost.
  kReject,  ///< This item or this request is bad; the others continue.
  kFatal,   ///< The process cannot continue (wrong password, not migrated, bad configuration).
};

/// The only exception type that leaves a module. Adapters (pg, http, json, config) turn their
/// library's exceptions into it, and no code above them catches pqxx:: or Poco:: types.
/// The message starts in lower case, has no final stop, and says what happened and where. The hint
/// is a sentence that says what to do.
class Error : public std::runtime_error {
 public:
  Error(Disposition disposition, const std::string& message, std::string hint = {})
      : std::runtime_error(message), disposition_(disposition), hint_(std::move(hint)) {}

  Disposition disposition() const { return disposition_; }
  const std::string& hint() const { return hint_; }
  /// Returns the message, followed by the hint if there is one.
  std::string Full() const { return hint_.empty() ? what() : std::string(what()) + "; " + hint_; }

 private:
  Disposition disposition_;
  std::string hint_;
};

}  // namespace pgsluice
