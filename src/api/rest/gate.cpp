#include "api/rest/gate.h"

#include <sys/socket.h>

#include <algorithm>

namespace pgsluice::api {

namespace {

constexpr std::size_t kPart = 64U << 10U;            // Size of the parts of a piece.
constexpr std::chrono::milliseconds kStalled{1000};  // For one part.
constexpr std::chrono::milliseconds kLook{100};

}  // namespace

Gate::Exporting::Exporting(Gate& gate, int socket) : gate_(gate), socket_(socket) {
  base::MutexLock lock(gate_.mutex_);
  const auto until = Clock::now() + kStalled + kLook;
  while (gate_.exports_.size() >= kExports && !gate_.CutStalledExport()) {
    const bool sending = std::any_of(gate_.exports_.begin(), gate_.exports_.end(),
                                     [](const auto* other) { return other->sending_since_; });
    if (!sending || Clock::now() >= until) {
      throw query::Problem(503, "overloaded", "too many exports at once").RetryAfter(5);
    }
    gate_.changed_.wait_for(lock, kLook);
  }
  gate_.exports_.insert(this);
}

Gate::Exporting::~Exporting() {
  const base::MutexLock lock(gate_.mutex_);
  gate_.exports_.erase(this);
  gate_.changed_.notify_all();
}

void Gate::Exporting::Send(std::string_view piece,
                           const std::function<void(std::string_view)>& sink) {
  const auto mark = [this](std::optional<Clock::time_point> since) {
    const base::MutexLock lock(gate_.mutex_);
    sending_since_ = since;
  };
  while (!piece.empty()) {
    mark(Clock::now());
    sink(piece.substr(0, kPart));
    piece.remove_prefix(std::min(kPart, piece.size()));
  }
  mark(std::nullopt);
}

bool Gate::CutStalledExport() {
  const auto stalled = std::min_element(
      exports_.begin(), exports_.end(), [](const Exporting* one, const Exporting* other) {
        return one->sending_since_.value_or(Clock::time_point::max()) <
               other->sending_since_.value_or(Clock::time_point::max());
      });
  if (stalled == exports_.end() || !(*stalled)->sending_since_) return false;
  if (*(*stalled)->sending_since_ > Clock::now() - kStalled) return false;
  ::shutdown((*stalled)->socket_, SHUT_RDWR);  // Its thread notices the end.
  exports_.erase(stalled);
  return true;
}

}  // namespace pgsluice::api
