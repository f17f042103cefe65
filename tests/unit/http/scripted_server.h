#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace pgsluice::http {

/// Answers every request with the same bytes, in pieces of a size. Takes one connection at a time.
class ScriptedServer {
 public:
  ~ScriptedServer() {
    stop_ = true;
    Poco::Net::StreamSocket(address()).close();
    thread_.join();
  }

  void Give(std::string answer, std::size_t piece, bool close) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
    piece_ = piece;
    close_ = close;
  }

  Poco::Net::SocketAddress address() const { return server_.address(); }
  int connections() const { return connections_; }

 private:
  void Serve() {
    while (!stop_) {
      Poco::Net::StreamSocket socket = server_.acceptConnection();
      socket.setNoDelay(true);
      ++connections_;
      try {
        while (Request(socket) && Answer(socket)) {
        }
      } catch (const Poco::Exception&) {
        continue;  // The client was content with less.
      }
    }
  }
  static bool Request(Poco::Net::StreamSocket& socket) {
    std::array<char, 4096> buffer{};
    return socket.receiveBytes(buffer.data(), static_cast<int>(buffer.size())) > 0;
  }
  bool Answer(Poco::Net::StreamSocket& socket) {
    const std::lock_guard lock(mutex_);
    for (std::size_t at = 0; at < answer_.size(); at += piece_) {
      const std::string part = answer_.substr(at, piece_);
      socket.sendBytes(part.data(), static_cast<int>(part.size()));
    }
    return !close_;
  }

  std::mutex mutex_;
  std::string answer_;
  std::size_t piece_ = 1;
  bool close_ = false;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> stop_ = false;
  Poco::Net::ServerSocket server_{Poco::Net::SocketAddress("127.0.0.1", 0)};
  std::thread thread_{[this] { Serve(); }};
};

}  // namespace pgsluice::http
