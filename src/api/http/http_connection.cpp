#include "api/http/http_connection.h"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pgsluice::api {

namespace {

using std::chrono::milliseconds;
using Need = Channel::Need;

constexpr std::size_t kPiece = 64U << 10U;   // Small pieces are gathered up to this size.
constexpr std::size_t kDrained = 1U << 20U;  // Read and dropped after a refused request.
constexpr milliseconds kLook{250};

}  // namespace

HttpConnection::HttpConnection(const Poco::Net::StreamSocket& socket,
                               std::unique_ptr<Channel> channel, const HttpLimits& limits,
                               Poco::Net::SocketAddress peer)
    : socket_(socket),
      channel_(std::move(channel)),
      limits_(limits),
      peer_(std::move(peer)),
      local_(socket.address()),
      peer_host_(peer_.host().toString()),
      local_host_(local_.host().toString()),
      parser_(limits) {}

void HttpConnection::Await(Need need, milliseconds at_most) const {
  pollfd wait{descriptor(), static_cast<short>(need == Need::kRead ? POLLIN : POLLOUT), 0};
  ::poll(&wait, 1, static_cast<int>(std::max(at_most, milliseconds(0)).count()));
}

Need HttpConnection::Receive() {
  std::array<char, 16384> bytes;
  // A TLS record may have been read already, so only a wait shows that nothing is left.
  while (!parser_.whole()) {
    const auto [need, read] = channel_->Read(bytes.data(), bytes.size());
    if (need == Need::kEnd) parser_.End();
    if (need != Need::kNothing) return parser_.whole() ? Need::kNothing : need;
    parser_.Add({bytes.data(), read});
    if (parser_.TakeExpectation()) {
      Append("HTTP/1.1 100 Continue\r\n\r\n");
      Send();
    }
  }
  return Need::kNothing;
}

bool HttpConnection::Discard() {
  std::array<char, 16384> bytes;
  while (dropped_ < kDrained) {
    const auto [need, read] = channel_->Read(bytes.data(), bytes.size());
    if (need != Need::kNothing) return need != Need::kEnd;
    dropped_ += read;
  }
  return false;
}

void HttpConnection::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  unsent_ += bytes.size();
  if (!pieces_.empty() && pieces_.back().size() + bytes.size() <= kPiece) {
    pieces_.back().append(bytes);
  } else {
    pieces_.emplace_back(bytes);
  }
}

void HttpConnection::Take(std::string bytes) {
  if (bytes.empty()) return;
  unsent_ += bytes.size();
  pieces_.push_back(std::move(bytes));
}

Need HttpConnection::Send() {
  if (unsent_ == 0) return Need::kNothing;
  const auto now = Clock::now();
  if (!std::exchange(sending_, true)) {
    send_start_ = last_progress_ = now;
    taken_ = 0;
  }
  while (unsent_ > 0) {
    const std::string_view piece = std::string_view(pieces_.front()).substr(sent_of_first_);
    const auto [need, sent] = channel_->Write(piece, pieces_.size() > 1);
    if (need != Need::kNothing) return need;
    last_progress_ = now;
    taken_ += sent;
    unsent_ -= sent;
    sent_of_first_ += sent;
    if (sent < piece.size()) continue;
    pieces_.pop_front();
    sent_of_first_ = 0;
  }
  sending_ = false;
  return Need::kNothing;
}

void HttpConnection::SendAll() {
  while (true) {
    const Need need = Send();
    if (need == Need::kNothing) return;
    if (need == Need::kEnd)
      throw Poco::Net::ConnectionAbortedException("the caller has disconnected");
    const auto left = std::chrono::ceil<milliseconds>(SendDeadline() - Clock::now());
    if (left <= milliseconds(0)) throw Poco::TimeoutException("the caller reads too slowly");
    Await(need, std::min(left, kLook));
  }
}

HttpConnection::Clock::time_point HttpConnection::SendDeadline() const {
  const auto whole = milliseconds(taken_ * 1000 / std::max<std::size_t>(limits_.send_rate, 1));
  return std::min(send_start_ + limits_.deadline + whole, last_progress_ + limits_.deadline);
}

}  // namespace pgsluice::api
