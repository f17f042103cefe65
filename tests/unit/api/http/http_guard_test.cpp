#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include "api/http/http_parser.h"
#include "api/rest/gate.h"
#include "pgsluice/api/http_server.h"
#include "unit/api/poco_reader.h"
#include "unit/api/raw_client.h"
#include "unit/api/test_certificate.h"

/// The reasons for the guard in front of Poco's server.
namespace pgsluice::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

const std::string kGet = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

class Guard : public ::testing::Test {
 protected:
  /// Two threads, so that a third connection that held one would be noticed.
  Guard() { limits_.threads = 2; }

  void Start(const std::optional<config::Tls>& tls = std::nullopt) {
    server_ = std::make_unique<HttpServer>(config::Address{"127.0.0.1", 0}, tls, limits_,
                                           [this](const HttpRequest& request) {
                                             HttpResponse response;
                                             if (request.refusal) {
                                               response.status = request.refusal->status;
                                               response.body = request.refusal->code;
                                             } else if (request.path == "/large") {
                                               response.body = std::string(large_, 'x');
                                             } else {
                                               response.body = request.path + request.body;
                                             }
                                             return response;
                                           });
    server_->Start();
  }
  /// Sends a request like any other caller, and expects a quick answer.
  void ExpectServed() {
    const auto start = Clock::now();
    RawClient client(server_->port());
    client.Send(kGet);
    EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200"));
    EXPECT_LT(Clock::now() - start, seconds(5));
  }
  std::list<RawClient> Open(int count, const std::string& bytes) {
    std::list<RawClient> clients;
    for (int i = 0; i < count; ++i) clients.emplace_back(server_->port()).Send(bytes);
    return clients;
  }

  HttpLimits limits_;
  std::size_t large_ = 8U << 20U;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Guard, RequestsThatTrickleInHoldNoThread) {
  Start();
  const auto heads = Open(100, "GET / HTTP/1.1\r\nA: ");
  const auto bodies = Open(100, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\nx");
  const auto silent = Open(100, "");
  ExpectServed();
}

TEST_F(Guard, HandshakesThatTrickleInHoldNoThread) {
  limits_.deadline = milliseconds(1000);
  const TestCertificate certificate;
  Start(certificate.files());
  // The beginning of a ClientHello, then nothing, or a byte once in a while.
  auto dripping = Open(100, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_EQ(certificate.Get(server_->port()), "/");
  const auto start = Clock::now();
  try {
    while (Clock::now() - start < seconds(10)) {
      dripping.front().Send("x");
      std::this_thread::sleep_for(milliseconds(20));
    }
    ADD_FAILURE() << "bytes that drip in put the deadline off";
  } catch (const Poco::Exception&) {
    EXPECT_EQ(certificate.Get(server_->port()), "/");
  }
}

TEST_F(Guard, IdleConnectionsCanBeUsedLater) {
  Start();
  auto idle = Open(200, "");
  ExpectServed();
  for (RawClient& client : idle) {
    client.Send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.ReadUntil("/late"), StartsWith("HTTP/1.1 200"));
  }
  // And once more, after the guard took them back.
  std::this_thread::sleep_for(milliseconds(50));
  for (RawClient& client : idle) {
    client.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.ReadUntil("/later"), StartsWith("HTTP/1.1 200"));
  }
}

TEST_F(Guard, CallersThatReadNothingHoldNoThreadAndLittleMemory) {
  limits_.unsent = 20U << 20U;  // Of two answers.
  Start();
  auto deaf = Open(12, "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ExpectServed();
  // Callers that were cut to make room for others get less than they asked for.
  std::this_thread::sleep_for(seconds(3));
  int cut = 0;
  for (RawClient& client : deaf) cut += client.ReadAll().size() < large_ ? 1 : 0;
  EXPECT_GE(cut, 1);
}

TEST_F(Guard, CallersThatReadTooSlowlyAreCut) {
  limits_.deadline = milliseconds(500);
  Start();
  RawClient deaf(server_->port());
  deaf.Send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::this_thread::sleep_for(seconds(2));
  EXPECT_LT(deaf.ReadAll().size(), large_);
}

TEST_F(Guard, LargeAnswersArriveWholeAtCallersThatRead) {
  Start();
  auto clients = Open(4, "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::vector<std::thread> readers;
  std::atomic<int> whole{0};
  for (RawClient& client : clients) {
    readers.emplace_back([&] { whole += client.ReadAll().size() > large_ ? 1 : 0; });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(whole, 4);
}

TEST_F(Guard, TheConnectionsOfOneAddressAreLimited) {
  limits_.per_address = 3;
  const auto cut = std::make_shared<std::atomic<int>>(0);
  limits_.cut = [cut](const std::string& reason) { *cut += reason == "address" ? 1 : 0; };
  Start();
  auto open = Open(3, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  for (RawClient& client : open) client.ReadUntil("/a");
  EXPECT_EQ(RawClient(server_->port()).ReadAll(), "");
  EXPECT_EQ(*cut, 1);
  open.clear();
  std::string answer;
  for (int i = 0; i < 100 && answer.empty(); ++i) {
    RawClient client(server_->port());
    try {
      client.Send(kGet);
      answer = client.ReadAll();
    } catch (const Poco::Exception&) {
      std::this_thread::sleep_for(milliseconds(20));
    }
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST(PocoBehindTheGuard, ReadsWhatTheGuardRead) {
  HttpLimits limits;
  // Poco's parser has boundaries at multiples of 4092 bytes.
  for (std::size_t size = 4060; size < 8186; size += size == 4110 ? 4040 : 1) {
    HttpParser parser(limits);
    parser.Add("PUT /" + std::string(size, 'x') + "?y HTTP/1.1\r\nA: " + std::string(size, 'x') +
               "\r\nContent-Length: 3\r\n\r\none");
    ASSERT_TRUE(parser.whole());
    const HttpRequest request = parser.Take();
    ASSERT_FALSE(request.refusal) << request.refusal->detail;
    EXPECT_EQ(Difference(request), "") << size;
    EXPECT_EQ(Difference(request, 1), "") << size;
  }
}

TEST(HttpParserTest, TakesOnlyTargetsThatEveryReaderTakes) {
  const HttpLimits limits;
  for (const auto& [target, status] :
       std::initializer_list<std::pair<const char*, int>>{{"/", 200},
                                                          {"/?", 200},
                                                          {"*", 200},
                                                          {"http://a?", 200},
                                                          {"?", 400},
                                                          {"a", 400},
                                                          {"a:443", 400},
                                                          {"http://", 400}}) {
    HttpParser parser(limits);
    parser.Add("GET " + std::string(target) + " HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(parser.whole());
    const HttpRequest request = parser.Take();
    EXPECT_EQ(request.refusal ? request.refusal->status : 200, status) << target;
    if (!request.refusal) {
      EXPECT_EQ(Difference(request), "") << target;
    }
  }
}

/// Answers with the target, and records all targets.
class Recorder : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  class Handler : public Poco::Net::HTTPRequestHandler {
   public:
    explicit Handler(Recorder& recorder) : recorder_(recorder) {}
    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
      const auto length = std::max<Poco::Int64>(request.getContentLength64(), 0);
      std::string body(static_cast<std::size_t>(length), ' ');
      request.stream().read(body.data(), static_cast<std::streamsize>(body.size()));
      recorder_.Add(request.getURI());
      response.sendBuffer("", 0);
    }

   private:
    Recorder& recorder_;
  };
  Poco::Net::HTTPRequestHandler* createRequestHandler(
      const Poco::Net::HTTPServerRequest&) override {
    return new Handler(*this);
  }
  void Add(const std::string& target) {
    const std::lock_guard lock(mutex_);
    targets_.insert(target);
  }
  std::set<std::string> targets() {
    const std::lock_guard lock(mutex_);
    return targets_;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> targets_;
};

// If this fails with a bare Poco server, a part of the guard is no longer needed.
TEST_F(Guard, PocoAloneTakesTheEndOfABodyForARequest) {
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  // The line of 4092 bytes ends the head, so the body begins with the next line. The rest at its
  // end is read as a separate request.
  const std::string next = "B: " + std::string(hidden.size() - 7, 'x');
  const std::string request =
      "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(hidden.size()) +
      "\r\nA: " + std::string(4089, 'x') + "\r\n" + next + "\r\n\r\n" + hidden;
  Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
  auto* recorder = new Recorder;  // Poco owns it.
  Poco::Net::HTTPServer bare(recorder, socket, new Poco::Net::HTTPServerParams);
  bare.start();
  RawClient client(socket.address().port());
  client.Send(request);
  client.ReadAll();
  EXPECT_EQ(recorder->targets(), (std::set<std::string>{"/first", "/hidden"}));
  bare.stop();

  Start();
  RawClient guarded(server_->port());
  guarded.Send(request);
  const std::string answer = guarded.ReadUntil("close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("/first" + hidden));
  guarded.EndSending();
  EXPECT_EQ(guarded.ReadAll(), "");
}

TEST(GateTest, AnExportThatIsNotReadIsCutForANewOne) {
  Gate gate(1);
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  std::list<Gate::Exporting> running;
  for (int i = 0; i < Gate::kExports; ++i) running.emplace_back(gate, ends[0]);
  EXPECT_THROW(Gate::Exporting(gate, ends[0]), query::Problem);  // All of them make progress.
  std::promise<void> begun;
  std::thread stuck([&] {
    running.front().Send("x", [&](std::string_view) {
      begun.set_value();
      char byte = 0;
      EXPECT_EQ(::recv(ends[0], &byte, 1, 0), 0);  // Until it is cut.
    });
  });
  begun.get_future().wait();
  const Gate::Exporting another(gate, ends[1]);
  stuck.join();
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace pgsluice::api
