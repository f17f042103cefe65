#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pgsluice {

/// What the caller may do about an error.
enum class Disposition {
  kRetry,   ///< The outside world is unwell: back off, re-read, try again. Nothing is lost.
  kReject,  ///< This item or this request is bad; others go on.
  kFatal,   ///< The process cannot go on (wrong password, not migrated, bad configuration).
};

/// The only exception type that leaves a module. Adapters (pg, http, json, config) turn their
/// library's exceptions into it; nothing above them catches pqxx:: or Poco:: types.
/// Text style: lower-case start, no final stop, says what happened and where; the hint is a
/// sentence that says what to do.
class Error : public std::runtime_error {
 public:
  Error(Disposition disposition, const std::string& message, std::string hint = {})
      : std::runtime_error(message), disposition_(disposition), hint_(std::move(hint)) {}

  Disposition disposition() const { return disposition_; }
  const std::string& hint() const { return hint_; }
  /// The message, and the hint behind it where there is one.
  std::string Full() const { return hint_.empty() ? what() : std::string(what()) + "; " + hint_; }

 private:
  Disposition disposition_;
  std::string hint_;
};

}  // namespace pgsluice
