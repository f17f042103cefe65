#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <cstddef>
#include <string_view>

#include "http/address.h"

namespace pgsluice::http {

using Clock = std::chrono::steady_clock;

/// The socket of one connection, plain or TLS. What it does throws Poco::TimeoutException at the
/// deadline, other Poco::Exceptions when the connection breaks. For one thread at a time.
class Wire {
 public:
  /// For everything until the next call.
  void Until(Clock::time_point deadline) { deadline_ = deadline; }

  void Connect(const Address& address, const Poco::Net::Context::Ptr& tls);
  void Send(std::string_view bytes);
  /// What has come, waiting for at least a byte of it; its size, 0 at the end.
  std::size_t Receive(char* out, std::size_t most);

  int Descriptor() const { return socket_.impl()->sockfd(); }
  /// Something can be read now, be it the end.
  bool Readable() const;

 private:
  std::chrono::milliseconds Left() const;
  void Limit();

  Poco::Net::StreamSocket socket_;
  Clock::time_point deadline_;
  std::chrono::milliseconds limit_{0};  // What the socket has.
};

}  // namespace pgsluice::http
