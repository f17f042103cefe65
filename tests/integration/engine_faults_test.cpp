#include <gmock/gmock.h>

#include "pgsluice/base/error.h"
#include "pgsluice/engine/engine.h"
#include "support/engine_sandbox.h"
#include "support/fault_proxy.h"

namespace pgsluice::engine {
namespace {

using std::chrono::milliseconds;
using testing::EngineSandbox;
using testing::FaultProxy;
using ::testing::HasSubstr;

class EngineFaults : public ::testing::Test {
 protected:
  http::Response Get(http::Transport& transport, milliseconds timeout = milliseconds(20000)) {
    http::Request request;
    request.path = "/_nodes/_local";
    request.timeout = timeout;
    return transport.Send(request);
  }
  std::string Failure(http::Transport& transport, milliseconds timeout = milliseconds(20000)) {
    try {
      Get(transport, timeout);
    } catch (const Error& e) {
      EXPECT_EQ(e.disposition(), Disposition::kRetry);
      return e.what();
    }
    return "no error";
  }

  EngineSandbox sandbox_;
  FaultProxy proxy_{sandbox_.host(), sandbox_.port()};
  std::unique_ptr<http::Transport> client_ = http::MakeClient({.urls = {proxy_.url()}});
};

TEST_F(EngineFaults, OneConnectionServesManyRequests) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Get(*client_).status, 200);
  EXPECT_EQ(proxy_.connections(), 1);
}

TEST_F(EngineFaults, AConnectionClosedWhileIdleIsNotNoticed) {
  EXPECT_EQ(Get(*client_).status, 200);
  proxy_.CloseConnections();
  EXPECT_EQ(Get(*client_).status, 200);
  EXPECT_EQ(proxy_.connections(), 2);
}

TEST_F(EngineFaults, AReusedConnectionThatClosesWithoutAnswerIsTriedOnceMore) {
  EXPECT_EQ(Get(*client_).status, 200);
  proxy_.CutNextAnswer(0);
  EXPECT_EQ(Get(*client_).status, 200);
  proxy_.CutNextAnswer(0);
  EXPECT_EQ(Get(*client_).status, 200);
}

TEST_F(EngineFaults, ATruncatedAnswerIsAnError) {
  const std::size_t whole = Get(*client_).body.size();
  for (const std::size_t bytes : {std::size_t{150}, whole / 2}) {
    proxy_.CutNextAnswer(bytes);
    EXPECT_THAT(Failure(*client_), HasSubstr("closed the connection"));
    EXPECT_EQ(Get(*client_).status, 200);
  }
}

TEST_F(EngineFaults, AStalledEngineMeetsTheDeadline) {
  EXPECT_EQ(Get(*client_).status, 200);
  proxy_.Stall();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Failure(*client_, milliseconds(300)), HasSubstr("within 300 ms"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(2000));
  proxy_.Pass();
  EXPECT_EQ(Get(*client_).status, 200);
}

TEST_F(EngineFaults, ARefusedConnectionIsReportedAndRecovers) {
  proxy_.Refuse();
  EXPECT_THAT(Failure(*client_), HasSubstr("refused"));
  proxy_.Pass();
  EXPECT_EQ(Get(*client_).status, 200);
}

TEST_F(EngineFaults, AnotherAddressTakesOver) {
  FaultProxy other(sandbox_.host(), sandbox_.port());
  auto client = http::MakeClient({.urls = {proxy_.url(), other.url()}});
  for (int i = 0; i < 4; ++i) Get(*client);
  EXPECT_EQ(proxy_.requests(), 2);
  EXPECT_EQ(other.requests(), 2);
  proxy_.Refuse();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(Get(*client).status, 200);
  EXPECT_EQ(other.requests(), 8);
}

TEST_F(EngineFaults, RedirectsAndOtherServicesAreNamed) {
  proxy_.AnswerStatus("_nodes", 1, 301, "", "Location: https://elsewhere/\r\n");
  EXPECT_THAT(Failure(*client_), HasSubstr("redirect to https://elsewhere/"));
  proxy_.Answer("_nodes", 1, "SSH-2.0-OpenSSH_9.2 and more garbage\r\n\r\n");
  EXPECT_THAT(Failure(*client_), HasSubstr("not HTTP"));
  EXPECT_EQ(Get(*client_).status, 200);
}

TEST_F(EngineFaults, CredentialsThatAreRefusedAreFatalWithAHint) {
  proxy_.AnswerStatus("GET / ", 1, 401,
                      R"({"error":{"type":"security_exception","reason":"who are you"}})");
  Engine engine = Engine(http::MakeClient({.urls = {proxy_.url()}}));
  try {
    engine.Detect();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.disposition(), Disposition::kFatal);
    EXPECT_THAT(e.Full(), HasSubstr("who are you"));
    EXPECT_THAT(e.hint(), HasSubstr("api_key"));
  }
  EXPECT_FALSE(engine.Detect().version.empty());
}

TEST_F(EngineFaults, AnOverloadedEngineKeepsTheEventsAndRecovers) {
  Engine engine = Engine(http::MakeClient({.urls = {proxy_.url()}}));
  BulkBody body(sandbox_.MakeAlias("a"));
  body.Index("1", "{}", 1);
  proxy_.AnswerStatus("_bulk", 1, 429, R"({"error":{"type":"x","reason":"busy"}})");
  proxy_.AnswerStatus("_bulk", 1, 503, "<html>down</html>");
  proxy_.AnswerStatus("_bulk", 1, 200, "hello");
  for (int i = 0; i < 3; ++i) EXPECT_THROW(engine.Bulk(body, milliseconds(9000)), Error);
  proxy_.AnswerStatus("_bulk", 1, 413, "");
  EXPECT_TRUE(engine.Bulk(body, milliseconds(9000)).too_large);
  EXPECT_TRUE(engine.Bulk(body, milliseconds(20000)).all_done);
}

TEST_F(EngineFaults, LargeBodiesArriveWhole) {
  Engine engine = Engine(http::MakeClient({.urls = {proxy_.url()}}));
  BulkBody body(sandbox_.MakeAlias("a"));
  const std::string text(1U << 20U, 'x');
  for (int i = 0; i < 6; ++i) body.Index(std::to_string(i), R"({"t":")" + text + "\"}", 1);
  EXPECT_TRUE(engine.Bulk(body, milliseconds(60000)).all_done);
}

}  // namespace
}  // namespace pgsluice::engine
