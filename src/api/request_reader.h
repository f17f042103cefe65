#pragma once

#include <Poco/Net/StreamSocket.h>

#include <array>
#include <string>
#include <string_view>

#include "pgsluice/api/http_server.h"

namespace pgsluice::api {

/// The requests of one connection, one after another. Reads what RFC 9112 calls a request and
/// refuses everything that somebody else might read in another way.
class RequestReader {
 public:
  RequestReader(Poco::Net::StreamSocket& socket, const HttpLimits& limits)
      : socket_(socket), limits_(limits) {}

  /// Whether bytes of a further request have come already.
  bool buffered() const { return at_ < buffer_.size(); }

  /// Reads a request whole, within the limits; what is not to be answered otherwise has a refusal.
  /// Always sets its id. False when the connection ended before a request began. Sends "100
  /// Continue" where the caller waits for it and the body may come. Throws Poco::Exception when
  /// the connection breaks.
  bool Read(HttpRequest& out);

 private:
  void ReadHead(HttpRequest& out);
  void ReadStart(std::string_view line, HttpRequest& out) const;
  void ReadBody(HttpRequest& out);
  void ReadChunks(std::string& body);
  /// The next line without its end; valid until the next one. Throws `beyond` when it is longer.
  std::string_view Line(std::size_t most, const Refusal& beyond);
  /// The next bytes, as many.
  std::string_view Bytes(std::size_t count);
  /// Adds what the socket brings to the buffer.
  void Receive();

  Poco::Net::StreamSocket& socket_;
  const HttpLimits& limits_;
  std::string buffer_;
  std::size_t at_ = 0;  // What stands before it in the buffer was read.
  std::array<char, 16384> piece_{};
};

std::string NewRequestId();

}  // namespace pgsluice::api
