#include "api/deadline_socket.h"

#include <Poco/Exception.h>
#include <Poco/Net/SecureStreamSocketImpl.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace pgsluice::api {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// The rest of the time for one request.
class Allowance {
 public:
  explicit Allowance(milliseconds limit) : limit_(limit) {}

  void End() { until_.reset(); }
  /// Gives the next read what is left. Throws when it is used up.
  void Limit(Poco::Net::SocketImpl& socket) {
    const auto now = Clock::now();
    if (!until_) until_ = now + limit_;
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(*until_ - now);
    if (left.count() <= 0) throw Poco::TimeoutException("the request came too slowly");
    if (left == set_) return;
    set_ = left;
    socket.setReceiveTimeout(
        Poco::Timespan(std::max<Poco::Timespan::TimeDiff>(left.count(), 1000)));
  }

 private:
  const milliseconds limit_;
  std::optional<Clock::time_point> until_;
  std::chrono::microseconds set_{0};  // What the socket has.
};

class PlainConnection : public Poco::Net::StreamSocketImpl {
 public:
  PlainConnection(poco_socket_t socket, milliseconds limit)
      : StreamSocketImpl(socket), allowance_(limit) {}

  using StreamSocketImpl::receiveBytes;
  int receiveBytes(void* buffer, int length, int flags) override {
    allowance_.Limit(*this);
    return StreamSocketImpl::receiveBytes(buffer, length, flags);
  }
  using StreamSocketImpl::sendBytes;
  int sendBytes(const void* buffer, int length, int flags) override {
    allowance_.End();
    return StreamSocketImpl::sendBytes(buffer, length, flags);
  }

 private:
  Allowance allowance_;
};

class TlsConnection : public Poco::Net::SecureStreamSocketImpl {
 public:
  TlsConnection(Poco::Net::StreamSocketImpl* plain, const Poco::Net::Context::Ptr& tls,
                milliseconds limit)
      : SecureStreamSocketImpl(plain, tls), allowance_(limit) {
    acceptSSL();
  }

  using SecureStreamSocketImpl::receiveBytes;
  int receiveBytes(void* buffer, int length, int flags) override {
    allowance_.Limit(*this);
    return SecureStreamSocketImpl::receiveBytes(buffer, length, flags);
  }
  using SecureStreamSocketImpl::sendBytes;
  int sendBytes(const void* buffer, int length, int flags) override {
    allowance_.End();
    return SecureStreamSocketImpl::sendBytes(buffer, length, flags);
  }

 private:
  Allowance allowance_;
};

class Listener : public Poco::Net::ServerSocketImpl {
 public:
  Listener(milliseconds limit, std::unique_ptr<TlsFiles> tls)
      : limit_(limit), tls_(std::move(tls)) {}

  Poco::Net::SocketImpl* acceptConnection(Poco::Net::SocketAddress& client) override {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    int socket = -1;
    do {
      socket = ::accept4(sockfd(), reinterpret_cast<sockaddr*>(&storage), &size, SOCK_CLOEXEC);
    } while (socket < 0 && errno == EINTR);
    if (socket < 0) error();
    client = Poco::Net::SocketAddress(reinterpret_cast<sockaddr*>(&storage), size);
    auto* plain = new PlainConnection(socket, limit_);  // Poco counts references
    if (!tls_) return plain;
    auto* secure = new TlsConnection(plain, tls_->Current(), limit_);
    plain->release();
    return secure;
  }

 private:
  const milliseconds limit_;
  const std::unique_ptr<TlsFiles> tls_;
};

/// Its constructor from an implementation is for heirs only.
class FromListener : public Poco::Net::ServerSocket {
 public:
  explicit FromListener(Listener* listener) : ServerSocket(listener, true) {}
};

}  // namespace

Poco::Net::ServerSocket ListenWithDeadline(const Poco::Net::SocketAddress& address, int backlog,
                                           milliseconds limit, std::unique_ptr<TlsFiles> tls) {
  FromListener socket(new Listener(limit, std::move(tls)));
  // Two arguments would set SO_REUSEPORT as well: two processes shared the port unnoticed.
  socket.bind(address, true, false);
  socket.listen(backlog);
  return socket;
}

}  // namespace pgsluice::api
