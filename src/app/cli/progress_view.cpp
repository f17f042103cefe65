#include "app/cli/progress_view.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace pgsluice::app {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenLines{10};
constexpr std::int64_t kBarWidth = 30;

}  // namespace

ProgressView::ProgressView(std::ostream& err, std::string what, bool bar)
    : err_(err), what_(std::move(what)), bar_(bar), said_(Clock::now()) {}

ProgressView::~ProgressView() { End(); }

bool ProgressView::IsTerminal() { return isatty(STDERR_FILENO) != 0; }

void ProgressView::Show(std::int64_t done, std::int64_t total, std::optional<std::int64_t> eta_s) {
  if (bar_) {
    const std::int64_t filled = total > 0 ? std::min(done * kBarWidth / total, kBarWidth) : 0;
    const auto cells = static_cast<std::size_t>(filled);
    err_ << "\r\x1b[K[" << std::string(cells, '#')
         << std::string(static_cast<std::size_t>(kBarWidth) - cells, ' ') << "] "
         << Line(done, total, eta_s) << std::flush;
    open_ = true;
    return;
  }
  if (Clock::now() - said_ < kBetweenLines) return;
  said_ = Clock::now();
  err_ << Line(done, total, eta_s) << std::endl;
}

void ProgressView::End() {
  if (open_) err_ << "\r\x1b[K" << std::flush;
  open_ = false;
}

std::string ProgressView::Line(std::int64_t done, std::int64_t total,
                               std::optional<std::int64_t> eta_s) const {
  std::string line = fmt::format("{}: {} of {} rows", what_, done, total);
  if (total > 0) line += fmt::format(" ({}%)", std::min<std::int64_t>(done * 100 / total, 100));
  if (eta_s) line += fmt::format(", {} s to go", *eta_s);
  return line;
}

}  // namespace pgsluice::app
