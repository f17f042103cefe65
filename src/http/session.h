#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>

#include <chrono>
#include <cstddef>
#include <string_view>

#include "http/address.h"

namespace pgsluice::http {

using Clock = std::chrono::steady_clock;

class LimitedSocket;

/// Poco's session for one connection. The socket decides between plain and TLS, because Poco's
/// HTTPSClientSession would treat a TLS connection that was cut off as one that ended properly.
/// Throws Poco::TimeoutException at the deadline, and other Poco::Exceptions if the connection
/// breaks.
/// Used by one thread at a time.
class Session : public Poco::Net::HTTPClientSession {
 public:
  /// `tls` is not used by an address without TLS.
  Session(const Address& address, const Poco::Net::Context::Ptr& tls);

  /// Sets the deadline for everything until the next call.
  void Until(Clock::time_point deadline);
  /// Connects unless it is connected.
  void Connect();
  /// Sends bytes of the body after the head of the request was flushed.
  void Send(std::string_view bytes);

  /// Waits for the next byte without reading it. Returns false if the connection ended instead.
  bool Await();
  /// Returns whether there is another byte that differs from `expected`.
  bool NextIsNot(char expected) { return Await() && peek() != expected; }
  /// Reads the next byte. Returns false if the connection ended instead.
  bool Get(char& out);
  /// Waits for at least one byte and reads what has arrived. Returns its size, 0 at the end.
  std::size_t Read(char* out, std::size_t most);
  /// Returns whether bytes have arrived that were not read.
  bool HasMore() const { return buffered() > 0; }

  int Descriptor() { return socket().impl()->sockfd(); }
  /// Returns whether bytes or the end can be read now.
  bool Readable();

 protected:
  /// Does not connect and send again as Poco does, because Endpoint decides about that.
  int write(const char* bytes, std::streamsize size) override;

 private:
  Session(const Address& address, LimitedSocket* socket);

  LimitedSocket& limits_;  // Owned by the socket.
};

}  // namespace pgsluice::http
