#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Structured log lines on stderr: text for people, or one JSON object per line with stable keys
/// (ts, level, msg, component, then the fields). Thread-safe.
namespace pgsluice::observe {

enum class Level { kTrace, kDebug, kInfo, kWarn, kError };

/// Sets the format ("text" or "json") and the level; may be called again (SIGHUP).
void ConfigureLog(std::string_view format, std::string_view level);

using LogField = std::pair<std::string_view, std::string>;

void Log(Level level, std::string_view component, std::string_view message,
         const std::vector<LogField>& fields = {});

/// Adds the field `database` to each line that its thread logs while the object exists. Does
/// nothing if the name is empty.
class LogDatabase {
 public:
  explicit LogDatabase(const std::string& name);
  ~LogDatabase();
  LogDatabase(const LogDatabase&) = delete;
  LogDatabase& operator=(const LogDatabase&) = delete;

 private:
  std::string before_;
};

/// Replaces the password in a URL or key=value connection string by "***".
std::string MaskUrl(std::string_view url);

}  // namespace pgsluice::observe
