#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace pgsluice::app {

/// Shows the progress of long work: a bar that stays on its line on a terminal, otherwise a line
/// after a second and then every ten seconds.
class ProgressView {
 public:
  using Clock = std::chrono::steady_clock;

  /// Writes to `err`. `bar`: it is a terminal.
  ProgressView(std::ostream& err, std::string what, bool bar);
  ~ProgressView();
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

  /// Shows rows, their rate since the view began, and the time left. Without `eta_s` the time is
  /// computed from the rate.
  void Show(std::int64_t done, std::int64_t total, std::optional<std::int64_t> eta_s);
  /// Shows a step without a known end: "backfill: ids of the index are compared".
  void Say(const std::string& text);
  /// Ends the bar's line; called by the destructor as well.
  void End();

  static bool IsTerminal();

 private:
  std::string Line(std::int64_t done, std::int64_t total, std::optional<std::int64_t> eta_s);
  void Write(const std::string& bar, const std::string& line);

  std::ostream& err_;
  const std::string what_;
  const bool bar_;
  bool open_ = false;
  Clock::time_point due_;  ///< When the next line is due.
  std::optional<Clock::time_point> begun_;
  std::int64_t before_ = 0;  ///< Rows that were done when the view began.
};

/// Returns "12000 of 50000 rows (24%), 3100 rows/s, 12 s to go", for lines and logs. `rate` 0: not
/// known.
std::string ProgressText(std::int64_t done, std::int64_t total, double rate,
                         std::optional<std::int64_t> eta_s);

}  // namespace pgsluice::app
