#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "pgsluice/observe/metrics.h"

namespace pgsluice::observe {

namespace {

struct ProcStat {
  double cpu_s = 0;
  double start_s = 0;  ///< Unix time.
  double resident_bytes = 0;
};

/// Returns the Unix time at which the machine started, in seconds.
double BootTime() {
  std::ifstream in("/proc/stat");
  for (std::string word; in >> word;) {
    double seconds = 0;
    if (word == "btime" && in >> seconds) return seconds;
  }
  return 0;
}

/// Fields by their numbers in proc(5): 14 utime, 15 stime, 22 starttime (ticks), 24 rss (pages).
ProcStat ReadStat() {
  std::ifstream in("/proc/self/stat");
  std::string line;
  std::getline(in, line);
  const auto name_end = line.rfind(')');  // Field 2 may hold blanks.
  ProcStat stat;
  if (name_end == std::string::npos) return stat;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int number = 3; fields >> field && number <= 24; ++number) {
    if (number == 14 || number == 15) stat.cpu_s += std::stod(field) / ticks;
    if (number == 22) stat.start_s = BootTime() + std::stod(field) / ticks;
    if (number == 24)
      stat.resident_bytes = std::stod(field) * static_cast<double>(sysconf(_SC_PAGESIZE));
  }
  return stat;
}

double OpenFiles() {
  std::error_code error;
  double count = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++count;
  }
  return count;
}

}  // namespace

void RegisterProcessMetrics(Registry& registry) {
  auto& cpu = registry.MakeCounter("process_cpu_seconds_total", "User and system CPU time used.");
  auto& memory = registry.MakeGauge("process_resident_memory_bytes", "Resident memory.");
  auto& files = registry.MakeGauge("process_open_fds", "Open file descriptors.");
  auto& start =
      registry.MakeGauge("process_start_time_seconds", "Start of the process, Unix time.");
  registry.OnCollect([&cpu, &memory, &files, &start] {
    const ProcStat stat = ReadStat();
    cpu.Add(stat.cpu_s - cpu.value());
    memory.Set(stat.resident_bytes);
    start.Set(stat.start_s);
    files.Set(OpenFiles());
  });
}

}  // namespace pgsluice::observe
