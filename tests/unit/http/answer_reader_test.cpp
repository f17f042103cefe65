#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "pgsluice/base/error.h"
#include "pgsluice/http/transport.h"

namespace pgsluice::http {
namespace {

using ::testing::HasSubstr;

/// A server that answers every request with the same bytes, in pieces of a given size, and its
/// client.
class AnswerReader : public ::testing::Test {
 protected:
  AnswerReader() { client_ = MakeClient({.urls = {"http://" + server_.address().toString()}}); }
  ~AnswerReader() override {
    client_.reset();
    stop_ = true;
    Poco::Net::StreamSocket(server_.address()).close();
    thread_.join();
  }

  void Give(std::string answer, std::size_t piece, bool close) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
    piece_ = piece;
    close_ = close;
  }
  std::string Failure() {
    try {
      client_->Send({.path = "/"});
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }

  std::atomic<int> connections_ = 0;
  std::unique_ptr<Transport> client_;

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
        continue;  // The client needed less.
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
  std::atomic<bool> stop_ = false;
  Poco::Net::ServerSocket server_{Poco::Net::SocketAddress("127.0.0.1", 0)};
  std::thread thread_{[this] { Serve(); }};
};

constexpr std::size_t kWhole = 1U << 20U;

TEST_F(AnswerReader, ReadsBodiesOfEveryKindInAnyPieces) {
  const std::string body(40000, 'b');
  const std::string chunks =
      "9C40;name=value\r\n" + body + "\r\n7\r\n\r\n of 7\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, kWhole}) {
    Give("HTTP/1.1 200 OK\r\ncontent-LENGTH:  40000 \r\n\r\n" + body, piece, false);
    EXPECT_TRUE(client_->Send({.path = "/"}).body == body) << piece;
    Give("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, piece, false);
    EXPECT_TRUE(client_->Send({.path = "/"}).body == body + "\r\n of 7") << piece;
  }
  EXPECT_EQ(connections_, 1);
  Give("HTTP/1.1 200 OK\r\n\r\n" + body, 1000, true);
  EXPECT_TRUE(client_->Send({.path = "/"}).body == body);
  Give("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nb", kWhole, true);
  EXPECT_EQ(client_->Send({.path = "/"}).body, "b");
}

TEST_F(AnswerReader, TakesHeadersAsTheyAre) {
  Give(
      "HTTP/1.1 100 Continue\r\nX-Not: this\r\n\r\n"
      "HTTP/1.1 404 Not Found\r\nX-Odd: =?utf-8?q?a?=\t\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
      7, false);
  const Response answer = client_->Send({.path = "/"});
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.headers,
              ::testing::ElementsAre(std::pair("X-Odd", "=?utf-8?q?a?="), std::pair("X-Empty", ""),
                                     std::pair("Content-Length", "0")));
}

TEST_F(AnswerReader, ReadsNoBodyWhereThereIsNone) {
  Give("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n", kWhole, false);
  EXPECT_EQ(client_->Send({.method = "HEAD", .path = "/"}).body, "");
  Give("HTTP/1.1 204 No Content\r\n\r\n", kWhole, false);
  EXPECT_EQ(client_->Send({.path = "/"}).status, 204);
  EXPECT_EQ(connections_, 1);
}

TEST_F(AnswerReader, GivesUpConnectionsThatAreOutOfStepOrEnd) {
  Give("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\n\r\n", kWhole, false);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(client_->Send({.path = "/"}).body, "ok");
    EXPECT_EQ(connections_, i);
  }
  Give("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok", kWhole, true);
  for (int i = 4; i <= 5; ++i) {
    EXPECT_EQ(client_->Send({.path = "/"}).body, "ok");
    EXPECT_EQ(connections_, i);
  }
}

TEST_F(AnswerReader, RefusesWhatIsNotAnAnswer) {
  for (const char* other :
       {"SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno header\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"}) {
    Give(other, kWhole, true);
    EXPECT_THAT(Failure(), HasSubstr("something that is not HTTP")) << other;
  }
  Give("HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x') + "\r\n\r\n", kWhole, true);
  EXPECT_THAT(Failure(), HasSubstr("something that is not HTTP"));
  Give("HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", kWhole, true);
  EXPECT_THAT(Failure(), HasSubstr("larger than 256 MB"));
}

TEST_F(AnswerReader, NeverTakesAPartForTheWhole) {
  for (const char* part :
       {"HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n"}) {
    Give(part, kWhole, true);
    EXPECT_THAT(Failure(), HasSubstr("in the middle of an answer")) << part;
  }
  Give("", kWhole, true);
  EXPECT_THAT(Failure(), HasSubstr("without an answer"));
}

}  // namespace
}  // namespace pgsluice::http
