#pragma once

#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <string>

#include "api/http/http_guard.h"

namespace pgsluice::api {

/// The bytes of a checked request that Poco gets to see, head and body: only what it acts upon, in
/// one spelling. The other headers stay with the guard, because Poco (1.11 and 1.13) decodes words
/// of RFC 2047 in their values and limits their size and number.
std::string HeadForPoco(const HttpRequest& request);

/// What Poco's server takes for the socket of a caller. Reading gives it one checked request after
/// another; what it writes is gathered and sent by the connection. Closing returns the connection
/// to the guard.
class GuardedSocket : public Poco::Net::StreamSocketImpl {
 public:
  GuardedSocket(HttpGuard& guard, HttpGuard::Ready ready);
  ~GuardedSocket() override;

  /// The socket under a request that Poco has read.
  static GuardedSocket& Of(Poco::Net::HTTPServerRequest& request);
  /// The request as the guard read it, without its body.
  HttpRequest TakeRequest();
  HttpConnection& connection() { return *connection_; }
  HttpGuard& guard() { return guard_; }
  /// The answer leaves the connection usable for another request.
  void Keep() { keep_ = true; }
  /// The answer cannot be finished: the connection ends so that the caller notices.
  void Abort() { aborted_ = true; }

  using StreamSocketImpl::receiveBytes;
  int receiveBytes(void* buffer, int length, int flags) override;
  using StreamSocketImpl::sendBytes;
  int sendBytes(const void* buffer, int length, int flags) override;
  bool poll(const Poco::Timespan& timeout, int mode) override;
  void close() override;
  Poco::Net::SocketAddress address() override { return connection_->local(); }
  Poco::Net::SocketAddress peerAddress() override { return connection_->peer(); }
  // Set by Poco for each connection; the guard has its own deadlines.
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

/// The listening socket of Poco's server: accepts what the guard has ready.
Poco::Net::ServerSocket ListenThrough(HttpGuard& guard);

}  // namespace pgsluice::api
