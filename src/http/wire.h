#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <cstddef>
#include <string_view>

#include "http/address.h"

namespace pgsluice::http {

using Clock = std::chrono::steady_clock;

/// The socket of one connection, plain or TLS. Throws Poco::TimeoutException at the deadline, and
/// other Poco::Exceptions if the connection breaks. Used by one thread at a time.
class Wire {
 public:
  /// Sets the deadline for everything until the next call.
  void Until(Clock::time_point deadline) { deadline_ = deadline; }

  void Connect(const Address& address, const Poco::Net::Context::Ptr& tls);
  void Send(std::string_view bytes);
  /// Waits for at least one byte and reads what has arrived. Returns its size, 0 at the end.
  std::size_t Receive(char* out, std::size_t most);

  int Descriptor() const { return socket_.impl()->sockfd(); }
  /// Returns whether bytes or the end can be read now.
  bool Readable() const;

 private:
  std::chrono::milliseconds Left() const;
  void Limit();

  Poco::Net::StreamSocket socket_;
  Clock::time_point deadline_;
  std::chrono::milliseconds limit_{0};  // As set in the socket.
};

}  // namespace pgsluice::http
