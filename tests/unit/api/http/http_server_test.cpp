#include "pgsluice/api/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <list>

#include "pgsluice/base/error.h"
#include "pgsluice/http/transport.h"
#include "unit/api/raw_client.h"
#include "unit/api/test_certificate.h"

namespace pgsluice::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(HttpLimits limits = {}) {
    server_ = std::make_unique<HttpServer>(
        config::Address{"127.0.0.1", 0}, std::nullopt, limits, [this](const HttpRequest& request) {
          ++calls_;
          if (on_request_) on_request_(request);
          HttpResponse response;
          if (request.refusal) response.status = request.refusal->status;
          response.body = request.refusal ? request.refusal->code
                                          : request.method + request.path + request.body;
          if (stream_) response.stream = stream_;
          return response;
        });
    server_->Start();
  }

  std::string Send(const std::string& bytes) {
    RawClient client(server_->port());
    client.Send(bytes);
    return client.ReadAll();
  }

  std::function<void(const HttpRequest&)> on_request_;
  std::function<void(const Sink&)> stream_;
  std::atomic<int> calls_{0};
  std::unique_ptr<HttpServer> server_;
};

std::string Post(const std::string& headers, const std::string& body = "") {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

TEST_F(HttpServerTest, SpeaksTls) {
  std::string directory = ::testing::TempDir() + "pgsluice_tls_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const config::Tls tls = MakeCertificate(directory);
  HttpLimits limits;
  limits.deadline = milliseconds(500);
  HttpServer server({"127.0.0.1", 0}, tls, limits, [](const HttpRequest& request) {
    HttpResponse response;
    response.body = request.body;
    return response;
  });
  server.Start();
  RawClient silent(server.port());  // Never begins the handshake.
  http::ClientOptions options;
  options.urls = {"https://127.0.0.1:" + std::to_string(server.port())};
  options.ca_file = tls.cert_file;
  const auto client = http::MakeClient(options);
  const std::string large(200000, 'x');
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client->Send({.method = "POST", .path = "/", .body = large}).body, large);
  }
  EXPECT_THAT(silent.ReadAll(), Not(HasSubstr("200")));
  RawClient plain(server.port());
  plain.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(plain.ReadAll(), Not(HasSubstr("200")));
  server.Stop(seconds(5));
  std::filesystem::remove_all(directory);
}

TEST_F(HttpServerTest, ReadsCertificatesAgain) {
  std::string directory = ::testing::TempDir() + "pgsluice_tls_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const config::Tls tls = MakeCertificate(directory);
  HttpServer server({"127.0.0.1", 0}, tls, {}, [](const HttpRequest&) { return HttpResponse(); });
  server.Start();
  // Only a client that trusts exactly the present certificate is served.
  const auto served = [&](const std::string& ca) {
    http::ClientOptions options;
    options.urls = {"https://127.0.0.1:" + std::to_string(server.port())};
    options.ca_file = ca;
    try {
      return http::MakeClient(options)->Send({.path = "/"}).status == 200;
    } catch (const Error&) {
      return false;
    }
  };
  const std::string first = directory + "/first.pem";
  std::filesystem::copy(tls.cert_file, first);
  EXPECT_TRUE(served(first));
  MakeCertificate(directory, 2);
  EXPECT_TRUE(served(tls.cert_file));
  EXPECT_FALSE(served(first));
  // A certificate without its key is refused.
  const std::string second = directory + "/second.pem";
  std::filesystem::copy(tls.cert_file, second);
  std::filesystem::rename(first, tls.cert_file);
  EXPECT_TRUE(served(second));
  std::filesystem::remove(tls.key_file);
  EXPECT_TRUE(served(second));
  server.Stop(seconds(5));
  std::filesystem::remove_all(directory);
}

TEST_F(HttpServerTest, KeepsConnectionsAlive) {
  Start();
  RawClient client(server_->port());
  client.Send(Post("Content-Length: 3\r\n", "one"));
  EXPECT_THAT(client.ReadUntil("one"), StartsWith("HTTP/1.1 200"));
  client.Send(Post("Content-Length: 3\r\n", "two"));
  EXPECT_THAT(client.ReadUntil("two"), HasSubstr("POST/xtwo"));
}

TEST_F(HttpServerTest, AnswersRequestsThatComeTogether) {
  Start();
  const std::string one = Post("Content-Length: 3\r\n", "one");
  const std::string last = "\r\nGET /last HTTP/1.1\r\nConnection: close\r\n\r\n";
  const std::string answers = Send(one + one + last);
  EXPECT_THAT(answers, HasSubstr("POST/xoneHTTP/1.1 200"));
  EXPECT_THAT(answers, ::testing::EndsWith("GET/last"));
  EXPECT_EQ(calls_, 3);
}

TEST_F(HttpServerTest, KeepsConnectionsOfOldClientsThatAsk) {
  Start();
  EXPECT_THAT(Send("GET /a HTTP/1.0\r\n\r\n"), HasSubstr("Connection: Close"));
  RawClient client(server_->port());
  client.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("GET/a"), HasSubstr("Connection: Keep-Alive"));
  client.Send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), HasSubstr("GET/b"));
}

TEST_F(HttpServerTest, ReadsChunks) {
  Start();
  const std::string body = "3;a=b\r\none\r\n02\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n";
  EXPECT_THAT(Send(Post("Transfer-Encoding: Chunked\r\n", body)),
              ::testing::EndsWith("POST/xone\r\n"));
  for (const char* torn : {"3\r\none", "3\r\nones\r\n0\r\n\r\n", "-1\r\n", "\r\n", "0x1\r\na\r\n",
                           "10000000000000000\r\n"}) {
    RawClient client(server_->port());
    client.Send(Post("Transfer-Encoding: chunked\r\n", torn));
    client.EndSending();
    EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 400")) << torn;
  }
}

// Poco reads the end of a line of 4092 bytes as the end of the head.
TEST_F(HttpServerTest, NoLengthOfALineEndsTheHead) {
  Start();
  RawClient client(server_->port());
  for (std::size_t size = 4070; size < 4110; ++size) {
    client.Send(Post("A: " + std::string(size, 'x') + "\r\nContent-Length: 3\r\n", "one"));
    ASSERT_THAT(client.ReadUntil("one"), StartsWith("HTTP/1.1 200")) << size;
  }
}

TEST_F(HttpServerTest, RefusesWhatOthersReadInAnotherWay) {
  Start();
  const std::string nul(1, '\0');
  for (const std::string& head : std::initializer_list<std::string>{
           "GET / HTTP/1.1\nHost: a\n\n",
           "GET  / HTTP/1.1\r\n\r\n",
           "GET / x HTTP/1.1\r\n\r\n",
           "GET /\r\n\r\n",
           "GET / HTTP/2.0\r\n\r\n",
           "G(T / HTTP/1.1\r\n\r\n",
           " / HTTP/1.1\r\n\r\n",
           "GET /" + nul + " HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nA : b\r\n\r\n",
           "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
           "GET / HTTP/1.1\r\nA\r\n\r\n",
           "GET / HTTP/1.1\r\n: b\r\n\r\n",
           "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
           "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
           "GET / HTTP/1.1\r\nA: " + nul + "\r\n\r\n",
           Post("Content-Length: +3\r\n", "one"),
           Post("Content-Length: 0x3\r\n", "one"),
           Post("Content-Length:\r\n", "one"),
           Post("Content-Length: 3\r\nContent-Length: 3\r\n", "one"),
           Post("Content-Length: 99999999999999999999\r\n", "one"),
           Post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
           Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n"),
           std::string("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")}) {
    EXPECT_THAT(Send(head), StartsWith("HTTP/1.1 400")) << head;
  }
}

TEST_F(HttpServerTest, RefusesWhatItMustNotGuess) {
  Start();
  EXPECT_THAT(Send(Post("")), StartsWith("HTTP/1.1 411"));
  EXPECT_THAT(Send(Post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "one")),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Send("GARBAGE\r\n\r\n"), StartsWith("HTTP/1.1 4"));
  EXPECT_THAT(Send("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 414"));
  EXPECT_THAT(Send("GET /" + std::string(40000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 414"));
  EXPECT_THAT(Send("GET / HTTP/1.1\r\nA: " + std::string(20000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  std::string many;
  for (int i = 0; i < 3; ++i)
    many += "A" + std::to_string(i) + ": " + std::string(6000, 'x') + "\r\n";
  EXPECT_THAT(Send("GET / HTTP/1.1\r\n" + many + "\r\n"), StartsWith("HTTP/1.1 431"));
}

TEST_F(HttpServerTest, RefusesLargeBodiesAndAnswersTheCaller) {
  Start();
  const std::string large(300 * 1024, 'x');
  EXPECT_THAT(Send(Post("Content-Length: 307200\r\n", large)), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Send(Post("Content-Length: 307200\r\nExpect: 100-continue\r\n")),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Send(Post("Transfer-Encoding: chunked\r\n", "4b000\r\n" + large + "\r\n0\r\n\r\n")),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, NeverReadsABodyAsARequest) {
  Start();
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  Send(Post("", hidden));
  Send(Post("Transfer-Encoding: chunked\r\n", "zz\r\n" + hidden));
  Send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nConnection: close\r\n\r\n" + hidden);
  EXPECT_EQ(calls_, 3);
}

TEST_F(HttpServerTest, EchoesOnlySaneRequestIds) {
  Start();
  const std::string end = "Connection: close\r\n\r\n";
  EXPECT_THAT(Send("GET / HTTP/1.1\r\nX-Request-Id: abc-1\r\n" + end),
              HasSubstr("X-Request-Id: abc-1\r\n"));
  EXPECT_THAT(Send("GET / HTTP/1.1\r\nX-Request-Id: =?utf-8?Q?a=0D=0AEvil:_1?=\r\n" + end),
              Not(HasSubstr("Evil")));
}

TEST_F(HttpServerTest, EndsRequestsThatTrickleIn) {
  HttpLimits limits;
  limits.deadline = milliseconds(400);
  Start(limits);
  const auto start = Clock::now();
  for (const std::string& head :
       {std::string("GET / HTTP/1.1\r\nA: "), Post("Content-Length: 4000\r\n")}) {
    RawClient client(server_->port());
    auto answer = std::async(std::launch::async, [&client] { return client.ReadAll(); });
    client.Send(head);
    try {
      while (answer.wait_for(milliseconds(50)) != std::future_status::ready) client.Send("x");
    } catch (const Poco::Exception&) {
      SUCCEED() << "closed while we still sent";
    }
    EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 408"));
  }
  EXPECT_LT(Clock::now() - start, seconds(10));
}

TEST_F(HttpServerTest, IdleConnectionsDoNotKeepTheThreads) {
  HttpLimits limits;
  limits.threads = 2;
  Start(limits);
  std::list<RawClient> idle;
  for (int i = 0; i < 10; ++i) idle.emplace_back(server_->port());
  const auto start = Clock::now();
  EXPECT_THAT(Send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_LT(Clock::now() - start, seconds(5));
}

TEST_F(HttpServerTest, StreamsAndCutsWhatCannotBeFinished) {
  stream_ = [](const Sink& sink) { sink("first"); };
  Start();
  const std::string get = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
  EXPECT_THAT(Send(get), ::testing::EndsWith("5\r\nfirst\r\n0\r\n\r\n"));
  stream_ = [](const Sink& sink) {
    sink("first");
    throw Error(Disposition::kRetry, "no more");
  };
  EXPECT_THAT(Send(get), Not(::testing::EndsWith("0\r\n\r\n")));
}

TEST_F(HttpServerTest, StopsWhenRequestsInFlightAreDone) {
  std::promise<void> arrived, go_on;
  on_request_ = [&](const HttpRequest&) {
    arrived.set_value();
    go_on.get_future().wait();
  };
  Start();
  RawClient idle(server_->port());  // First: it is accepted when the other one is served.
  RawClient busy(server_->port());
  busy.Send("GET /busy HTTP/1.1\r\nHost: a\r\n\r\n");
  arrived.get_future().wait();
  auto stopped = std::async(std::launch::async, [this] { server_->Stop(seconds(20)); });
  EXPECT_EQ(idle.ReadAll(), "");  // Closed at once.
  go_on.set_value();
  const std::string answer = busy.ReadAll();
  EXPECT_THAT(answer, HasSubstr("GET/busy"));
  EXPECT_THAT(answer, HasSubstr("Connection: Close"));
  stopped.get();
}

TEST_F(HttpServerTest, CutsWhatIsNotDoneByTheDeadline) {
  std::promise<void> arrived;
  stream_ = [&arrived](const Sink& sink) {
    arrived.set_value();
    while (true) sink(std::string(1000, 'x'));
  };
  Start();
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  arrived.get_future().wait();
  const auto start = Clock::now();
  server_->Stop(milliseconds(200));
  EXPECT_LT(Clock::now() - start, seconds(5));
}

}  // namespace
}  // namespace pgsluice::api
