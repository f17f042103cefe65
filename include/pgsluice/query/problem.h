#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/base/error.h"

/// The search language: checks and translates requests. Pure, without I/O.
namespace pgsluice::query {

/// One mistake in a request, as shown in `errors[]` of an answer.
struct Mistake {
  std::string parameter;              ///< "filter", "sort", …; empty: the request as a whole.
  std::optional<std::size_t> offset;  ///< Byte in the parameter's value (or in a JSON body).
  std::string code;
  std::string detail;
  std::vector<std::string> allowed;  ///< What would have been correct, if that is a short list.
};

/// A request that cannot be answered: HTTP status and the code of docs/api.md. Its text reaches the
/// caller, so it never contains messages of the engine or the database.
class Problem : public Error {
 public:
  Problem(int status, std::string code, const std::string& detail)
      : Error(Disposition::kReject, detail), status_(status), code_(std::move(code)) {}
  Problem(int status, Mistake mistake)
      : Error(Disposition::kReject, mistake.detail), status_(status), code_(mistake.code) {
    mistakes_.push_back(std::move(mistake));
  }

  int status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::vector<Mistake>& mistakes() const { return mistakes_; }
  int retry_after() const { return retry_after_; }     ///< Seconds; 0: no such header.
  const std::string& allow() const { return allow_; }  ///< Methods of a 405.
  Problem& Allow(std::string methods) {
    allow_ = std::move(methods);
    return *this;
  }
  Problem& RetryAfter(int seconds) {
    retry_after_ = seconds;
    return *this;
  }

 private:
  int status_;
  std::string code_;
  std::vector<Mistake> mistakes_;
  int retry_after_ = 0;
  std::string allow_;
};

/// Throws a 400 with one mistake.
[[noreturn]] void Reject(std::string code, std::string parameter, std::optional<std::size_t> offset,
                         std::string detail, std::vector<std::string> allowed = {});

}  // namespace pgsluice::query
