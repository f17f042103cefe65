#pragma once

#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <cstdint>
#include <string>

namespace pgsluice::api {

/// Sends bytes to a server and reads bytes, as no well-behaved client does.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(Poco::Net::SocketAddress("127.0.0.1", port)) {
    socket_.setReceiveTimeout(Poco::Timespan(20, 0));
  }

  void Send(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      sent += static_cast<std::size_t>(
          socket_.sendBytes(bytes.data() + sent, static_cast<int>(bytes.size() - sent)));
    }
  }
  void EndSending() { socket_.shutdownSend(); }
  /// Returns everything that arrives until the server closes.
  std::string ReadAll() {
    std::string text;
    while (ReadSome(text)) {
    }
    return text;
  }
  /// Reads until `end` arrives, or the server closes.
  std::string ReadUntil(const std::string& end) {
    std::string text;
    while (text.find(end) == std::string::npos && ReadSome(text)) {
    }
    return text;
  }

 private:
  bool ReadSome(std::string& text) {
    char buffer[4096];
    try {
      const int read = socket_.receiveBytes(buffer, sizeof buffer);
      if (read > 0) text.append(buffer, static_cast<std::size_t>(read));
      return read > 0;
    } catch (const Poco::Net::ConnectionResetException&) {
      return false;
    }
  }

  Poco::Net::StreamSocket socket_;
};

}  // namespace pgsluice::api
