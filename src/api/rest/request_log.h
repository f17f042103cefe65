#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/base/mutex.h"

namespace pgsluice::api {

/// A separate log for requests or for the audit: one JSON object per line, on stderr or appended to
/// a file. A reload opens the file again, so it can be rotated. Thread-safe.
class RequestLog {
 public:
  /// Values are written as JSON strings, except numbers.
  using Fields = std::vector<std::pair<std::string_view, std::string>>;

  /// Opens `target`: "stderr" or a file, which is created with mode 0600. Throws Error(kReject) if
  /// it cannot be opened.
  static std::shared_ptr<RequestLog> Open(const std::string& target);
  explicit RequestLog(int descriptor) : descriptor_(descriptor) {}
  ~RequestLog();
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  void Write(const Fields& fields);

 private:
  const int descriptor_;
  base::Mutex mutex_;  // Lines are written whole.
};

}  // namespace pgsluice::api
