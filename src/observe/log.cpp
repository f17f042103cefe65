#include "pgsluice/observe/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "observe/log_format.h"
#include "pgsluice/base/mutex.h"

namespace pgsluice::observe {

namespace {

bool UseColor() {
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && isatty(STDERR_FILENO) != 0;
}

std::shared_ptr<spdlog::logger> MakeLogger(bool json) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (!json && UseColor()) {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto logger = std::make_shared<spdlog::logger>("pgsluice", std::move(sink));
  const auto zone = spdlog::pattern_time_type::utc;
  if (json) {
    logger->set_pattern(R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v})", zone);
  } else {
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%eZ %^%-5!l%$ %v", zone);
  }
  logger->flush_on(spdlog::level::trace);
  return logger;
}

struct LogSettings {
  base::Mutex mutex;
  std::shared_ptr<spdlog::logger> logger PGSLUICE_GUARDED_BY(mutex) = MakeLogger(false);
  bool json PGSLUICE_GUARDED_BY(mutex) = false;
};

LogSettings& TheSettings() {
  static LogSettings settings;
  return settings;
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kTrace:
      return spdlog::level::trace;
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// The database of this thread's log lines; see LogDatabase.
thread_local std::string database;

}  // namespace

LogDatabase::LogDatabase(const std::string& name) : before_(std::exchange(database, name)) {}
LogDatabase::~LogDatabase() { database = before_; }

void ConfigureLog(std::string_view format, std::string_view level) {
  LogSettings& settings = TheSettings();
  const base::MutexLock lock(settings.mutex);
  settings.json = format == "json";
  settings.logger = MakeLogger(settings.json);
  settings.logger->set_level(spdlog::level::from_str(std::string(level)));
}

void Log(Level level, std::string_view component, std::string_view message,
         const std::vector<LogField>& fields) {
  LogSettings& settings = TheSettings();
  std::shared_ptr<spdlog::logger> logger;
  bool json = false;
  {
    const base::MutexLock lock(settings.mutex);
    logger = settings.logger;
    json = settings.json;
  }
  if (!logger->should_log(ToSpdlog(level))) return;
  std::vector<LogField> all = fields;
  if (!database.empty()) all.emplace_back("database", database);
  const std::string line =
      json ? JsonLine(level, component, message, all) : TextLine(component, message, all);
  logger->log(ToSpdlog(level), spdlog::string_view_t(line));
}

}  // namespace pgsluice::observe
