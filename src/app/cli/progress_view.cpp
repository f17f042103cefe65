#include "app/cli/progress_view.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

namespace pgsluice::app {

namespace {

constexpr std::chrono::seconds kFirstLine{1}, kBetweenLines{10};
constexpr std::chrono::milliseconds kLongEnoughForARate{900};
constexpr std::int64_t kBarWidth = 30;

/// Never shows 100% while something is left. Shows one more digit below 10%, so that large tables
/// show progress too.
std::string Percent(std::int64_t done, std::int64_t total) {
  const double percent =
      std::min(static_cast<double>(done) * 100 / static_cast<double>(total), 99.0);
  return percent < 10 ? fmt::format("{:.1f}%", percent)
                      : fmt::format("{}%", static_cast<int>(percent));
}

}  // namespace

ProgressView::ProgressView(std::ostream& err, std::string what, bool bar)
    : err_(err), what_(std::move(what)), bar_(bar), due_(Clock::now() + kFirstLine) {}

ProgressView::~ProgressView() { End(); }

bool ProgressView::IsTerminal() { return isatty(STDERR_FILENO) != 0; }

void ProgressView::Show(std::int64_t done, std::int64_t total, std::optional<std::int64_t> eta_s) {
  if (!begun_) {
    begun_ = Clock::now();
    before_ = done;
  }
  const std::int64_t filled = total > 0 ? std::min(done * kBarWidth / total, kBarWidth) : 0;
  const auto cells = static_cast<std::size_t>(filled);
  Write('[' + std::string(cells, '#') +
            std::string(static_cast<std::size_t>(kBarWidth) - cells, ' ') + "] ",
        Line(done, total, eta_s));
}

void ProgressView::Say(const std::string& text) { Write("", what_ + ": " + text); }

void ProgressView::Write(const std::string& bar, const std::string& line) {
  if (bar_) {
    err_ << "\r\x1b[K" << bar << line << std::flush;
    open_ = true;
    return;
  }
  if (Clock::now() < due_) return;
  due_ = Clock::now() + kBetweenLines;
  err_ << line << std::endl;
}

void ProgressView::End() {
  if (open_) err_ << "\r\x1b[K" << std::flush;
  open_ = false;
}

std::string ProgressView::Line(std::int64_t done, std::int64_t total,
                               std::optional<std::int64_t> eta_s) {
  const auto passed = Clock::now() - *begun_;
  const double seconds = std::chrono::duration<double>(passed).count();
  const double rate =
      passed < kLongEnoughForARate ? 0 : static_cast<double>(done - before_) / seconds;
  return what_ + ": " + ProgressText(done, total, rate, eta_s);
}

std::string ProgressText(std::int64_t done, std::int64_t total, double rate,
                         std::optional<std::int64_t> eta_s) {
  std::string text = fmt::format("{} of {} rows", done, std::max(done, total));
  if (total > 0) text += fmt::format(" ({})", Percent(done, total));
  if (rate >= 1) {
    text += fmt::format(", {:.0f} rows/s", rate);
    if (!eta_s) {
      eta_s = static_cast<std::int64_t>(
          std::ceil(static_cast<double>(std::max<std::int64_t>(total - done, 0)) / rate));
    }
  }
  if (eta_s) text += fmt::format(", {} s to go", *eta_s);
  return text;
}

}  // namespace pgsluice::app
