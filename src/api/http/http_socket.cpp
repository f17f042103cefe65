#include "api/http/http_socket.h"

#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/ServerSocketImpl.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pgsluice::api {

namespace {

/// Poco reads heads in pieces of this size, and takes a last piece of two bytes for the empty line
/// that ends the head. So a line of exactly this many bytes would end the head.
constexpr std::size_t kPiece = 4092;

class GuardListener : public Poco::Net::ServerSocketImpl {
 public:
  explicit GuardListener(HttpGuard& guard) : guard_(guard) {}

  bool poll(const Poco::Timespan& timeout, int) override {
    return guard_.Wait(std::chrono::milliseconds(timeout.totalMilliseconds()));
  }
  Poco::Net::SocketImpl* acceptConnection(Poco::Net::SocketAddress& client) override {
    HttpGuard::Ready ready = guard_.Next();
    client = ready.connection->peer();
    return new GuardedSocket(guard_, std::move(ready));  // Poco counts references
  }
  Poco::Net::SocketAddress address() override { return guard_.address(); }

 private:
  HttpGuard& guard_;
};

/// The constructor that takes an implementation is protected.
class FromListener : public Poco::Net::ServerSocket {
 public:
  explicit FromListener(GuardListener* listener) : ServerSocket(listener, true) {}
};

}  // namespace

std::string HeadForPoco(const HttpRequest& request) {
  std::string head;
  if (request.refusal) {  // No byte of it reaches Poco.
    head = request.method == "HEAD" ? "HEAD / HTTP/1.1" : "GET / HTTP/1.1";
  } else {
    const std::string_view question = request.query.empty() ? "" : "?";
    const std::string_view version = request.http11 ? " HTTP/1.1" : " HTTP/1.0";
    head.append(request.method).append(" ").append(request.path).append(question);
    head.append(request.query);
    if ((head.size() + version.size()) % kPiece == 0) head += ' ';
    head.append(version);
  }
  head += request.keep_alive ? "\r\nConnection: keep-alive" : "\r\nConnection: close";
  head += "\r\nContent-Length: " + std::to_string(request.refusal ? 0 : request.body.size());
  return head + "\r\n\r\n";
}

GuardedSocket::GuardedSocket(HttpGuard& guard, HttpGuard::Ready ready)
    : StreamSocketImpl(ready.connection->descriptor()),
      guard_(guard),
      connection_(std::move(ready.connection)),
      request_(std::move(ready.request)) {
  Prepare();
}

GuardedSocket::~GuardedSocket() { GuardedSocket::close(); }

GuardedSocket& GuardedSocket::Of(Poco::Net::HTTPServerRequest& request) {
  auto& known = dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(request);
  return dynamic_cast<GuardedSocket&>(*known.socket().impl());
}

void GuardedSocket::Prepare() {
  input_ = HeadForPoco(request_);
  read_ = 0;
  keep_ = taken_ = false;
}

HttpRequest GuardedSocket::TakeRequest() {
  taken_ = true;
  // The body arrives through Poco.
  if (request_.refusal) request_.body.clear();
  HttpRequest request = std::move(request_);
  request_.body = std::exchange(request.body, {});
  return request;
}

int GuardedSocket::receiveBytes(void* buffer, int length, int) {
  const auto most = static_cast<std::size_t>(length);
  const std::string& from = read_ < input_.size() ? input_ : request_.body;
  const std::size_t at = read_ < input_.size() ? read_ : read_ - input_.size();
  const std::size_t count = std::min(from.size() - at, most);
  std::memcpy(buffer, from.data() + at, count);
  read_ += count;
  return static_cast<int>(count);
}

int GuardedSocket::sendBytes(const void* buffer, int length, int) {
  if (!aborted_) {
    connection_->Append({static_cast<const char*>(buffer), static_cast<std::size_t>(length)});
  }
  return length;
}

bool GuardedSocket::poll(const Poco::Timespan&, int) {
  if (!taken_) return true;
  if (!keep_ || aborted_ || connection_->Send() != Channel::Need::kNothing) return false;
  request_ = {};
  if (!guard_.ReadOn(*connection_, request_)) return false;
  Prepare();
  return true;
}

void GuardedSocket::close() {
  if (!connection_) return;
  reset();  // The connection owns the descriptor.
  const HttpGuard::Connection connection = std::exchange(connection_, nullptr);
  if (aborted_ || !taken_) return guard_.Drop(connection);
  guard_.Return(connection, keep_);
}

Poco::Net::ServerSocket ListenThrough(HttpGuard& guard) {
  return FromListener(new GuardListener(guard));
}

}  // namespace pgsluice::api
