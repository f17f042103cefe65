#pragma once

#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <string>

#include "api/http/http_guard.h"

namespace pgsluice::api {

/// Returns the bytes of a checked request that Poco receives: only the headers that it acts on, in
/// one spelling, and the body. The guard keeps the other headers, because Poco (1.11 and 1.13)
/// decodes RFC 2047 words in their values and limits their size and number.
std::string HeadForPoco(const HttpRequest& request);

/// The socket that Poco's server uses for a caller. Reading returns one checked request after
/// another; written bytes are gathered and sent by the connection. Closing returns the connection
/// to the guard.
class GuardedSocket : public Poco::Net::StreamSocketImpl {
 public:
  GuardedSocket(HttpGuard& guard, HttpGuard::Ready ready);
  ~GuardedSocket() override;

  /// Returns the socket of a request that Poco has read.
  static GuardedSocket& Of(Poco::Net::HTTPServerRequest& request);
  /// Returns the request as the guard read it, without its body.
  HttpRequest TakeRequest();
  HttpConnection& connection() { return *connection_; }
  HttpGuard& guard() { return guard_; }
  /// Keeps the connection for another request after this response.
  void Keep() { keep_ = true; }
  /// Ends the connection, because the response cannot be completed, so that the caller notices.
  void Abort() { aborted_ = true; }

  using StreamSocketImpl::receiveBytes;
  int receiveBytes(void* buffer, int length, int flags) override;
  using StreamSocketImpl::sendBytes;
  int sendBytes(const void* buffer, int length, int flags) override;
  bool poll(const Poco::Timespan& timeout, int mode) override;
  void close() override;
  Poco::Net::SocketAddress address() override { return connection_->local(); }
  Poco::Net::SocketAddress peerAddress() override { return connection_->peer(); }
  // Poco sets these for each connection, but the guard has its own deadlines.
  void setSendTimeout(const Poco::Timespan&) override {}
  void setReceiveTimeout(const Poco::Timespan&) override {}
  void setRawOption(int, int, const void*, poco_socklen_t) override {}

 private:
  void Prepare();

  HttpGuard& guard_;
  HttpGuard::Connection connection_;
  HttpRequest request_;
  std::string input_;
  std::size_t read_ = 0;
  bool keep_ = false, aborted_ = false, taken_ = false;
};

/// Returns the listening socket of Poco's server, which accepts the guard's ready connections.
Poco::Net::ServerSocket ListenThrough(HttpGuard& guard);

}  // namespace pgsluice::api
