#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace pgsluice::app {

/// What people see of something that takes long: a bar that stays on its line on a terminal, else a
/// line every ten seconds.
class ProgressView {
 public:
  /// Writes to `err`. `bar`: it is a terminal.
  ProgressView(std::ostream& err, std::string what, bool bar);
  ~ProgressView();
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

  void Show(std::int64_t done, std::int64_t total, std::optional<std::int64_t> eta_s);
  /// Ends the bar's line; called by the destructor as well.
  void End();

  static bool IsTerminal();

 private:
  std::string Line(std::int64_t done, std::int64_t total, std::optional<std::int64_t> eta_s) const;

  std::ostream& err_;
  const std::string what_;
  const bool bar_;
  bool open_ = false;
  std::chrono::steady_clock::time_point said_;
};

}  // namespace pgsluice::app
