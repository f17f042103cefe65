#include "api/rest/request_log.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

#include "pgsluice/base/error.h"
#include "pgsluice/json/utf8.h"
#include "pgsluice/json/writer.h"

namespace pgsluice::api {

namespace {

std::string Now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto part =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", text, part.count());
}

/// Replaces bytes that are not UTF-8, because callers choose names and paths.
std::string Clean(const std::string& text) {
  if (json::IsUtf8(text)) return json::Quote(text);
  std::string ascii;
  for (const char c : text) ascii += static_cast<unsigned char>(c) < 0x80 ? c : '?';
  return json::Quote(ascii);
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() < 16 && (text[0] != '0' || text.size() == 1) &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::shared_ptr<RequestLog> RequestLog::Open(const std::string& target) {
  if (target.empty()) return nullptr;
  if (target == "stderr") return std::make_shared<RequestLog>(STDERR_FILENO);
  const int descriptor = ::open(target.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    throw Error(Disposition::kReject,
                fmt::format("cannot write to the log \"{}\": {}", target, std::strerror(errno)),
                "check access_log and audit_log");
  }
  return std::make_shared<RequestLog>(descriptor);
}

RequestLog::~RequestLog() {
  if (descriptor_ != STDERR_FILENO) ::close(descriptor_);
}

void RequestLog::Write(const Fields& fields) {
  std::string line = R"({"ts":")" + Now() + '"';
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    line += ',' + json::Quote(name) + ':' + (IsNumber(value) ? value : Clean(value));
  }
  line += "}\n";
  const base::MutexLock lock(mutex_);
  // A full disk must not stop searches.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace pgsluice::api
