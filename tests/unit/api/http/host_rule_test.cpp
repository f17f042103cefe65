#include "api/http/host_rule.h"

#include <gtest/gtest.h>

#include "unit/api/raw_client.h"

namespace pgsluice::api {
namespace {

int StatusOf(const HostRule& rule, const std::string& host, const std::string& authority = "",
             const std::string& local = "127.0.0.1") {
  HttpRequest request;
  request.headers["host"] = host;
  request.authority = authority;
  const auto refusal = CheckHost(rule, request, local);
  return refusal ? refusal->status : 200;
}

TEST(HostRule, OnLoopbackOnlyTheMachineItselfAndGivenNames) {
  const HostRule rule = MakeHostRule({"127.0.0.1", 0}, {"Search.Example"});
  for (const char* host : {"localhost", "LOCALHOST:8080", "localhost.", "127.0.0.1", "127.0.0.1:1",
                           "[::1]", "[::1]:8081", "search.example", "SEARCH.example.:443"}) {
    EXPECT_EQ(StatusOf(rule, host), 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "10.0.0.1", "[::2]", "search.example.evil", "xsearch.example", "."}) {
    EXPECT_EQ(StatusOf(rule, host), 421) << host;
  }
  for (const char* host :
       {"", "a b", "a, a", "localhost, localhost", "user@localhost", "a/b", "localhost:x",
        "localhost:123456", "[::1", "::1", "[localhost]", ":80"}) {
    EXPECT_EQ(StatusOf(rule, host), 400) << host;
  }
}

TEST(HostRule, ElsewhereAnyNameUntilNamesAreGiven) {
  EXPECT_EQ(StatusOf(MakeHostRule({"0.0.0.0", 0}, {}), "any.example"), 200);
  const HostRule rule = MakeHostRule({"0.0.0.0", 0}, {"search.example"});
  EXPECT_EQ(StatusOf(rule, "any.example", "", "10.0.0.7"), 421);
  EXPECT_EQ(StatusOf(rule, "search.example", "", "10.0.0.7"), 200);
  // A probe uses the address of the pod, which no name can imitate.
  EXPECT_EQ(StatusOf(rule, "10.0.0.7:8081", "", "10.0.0.7"), 200);
  EXPECT_EQ(StatusOf(rule, "10.0.0.8:8081", "", "10.0.0.7"), 421);
}

TEST(HostRule, AStarAllowsAnyName) {
  const HostRule rule = MakeHostRule({"127.0.0.1", 0}, {"*"});
  EXPECT_EQ(StatusOf(rule, "any.example"), 200);
  EXPECT_EQ(StatusOf(rule, "a b"), 400);
}

TEST(HostRule, LooksAtAnAbsoluteTargetToo) {
  const HostRule rule = MakeHostRule({"127.0.0.1", 0}, {});
  EXPECT_EQ(StatusOf(rule, "localhost", "localhost:8080"), 200);
  EXPECT_EQ(StatusOf(rule, "localhost", "evil.example"), 421);
  EXPECT_EQ(StatusOf(rule, "evil.example", "localhost"), 421);
}

class HostOfAServer : public ::testing::Test {
 protected:
  HostOfAServer() {
    HttpLimits limits;
    limits.hosts = MakeHostRule({"127.0.0.1", 0}, {});
    server_ = std::make_unique<HttpServer>(config::Address{"127.0.0.1", 0}, std::nullopt, limits,
                                           [](const HttpRequest& request) {
                                             HttpResponse response;
                                             if (request.refusal)
                                               response.status = request.refusal->status;
                                             response.body = request.path + "?" + request.query;
                                             return response;
                                           });
    server_->Start();
  }
  std::string Send(const std::string& start, const std::string& headers) {
    RawClient client(server_->port());
    client.Send(start + "\r\n" + headers + "Connection: close\r\n\r\n");
    return client.ReadAll();
  }
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HostOfAServer, NeedsExactlyOne) {
  EXPECT_EQ(Send("GET /a HTTP/1.1", "Host: localhost\r\n").substr(9, 3), "200");
  EXPECT_EQ(Send("GET /a HTTP/1.1", "").substr(9, 3), "400");
  EXPECT_EQ(Send("GET /a HTTP/1.1", "Host: localhost\r\nHost: localhost\r\n").substr(9, 3), "400");
  EXPECT_EQ(Send("GET /a HTTP/1.1", "Host: evil.example\r\n").substr(9, 3), "421");
  EXPECT_EQ(Send("GET /a HTTP/1.0", "").substr(9, 3), "200");
}

TEST_F(HostOfAServer, UnderstandsAbsoluteTargets) {
  for (const auto& [target, seen] : std::initializer_list<std::pair<const char*, const char*>>{
           {"http://localhost/a/b?c=/d", "/a/b?c=/d"},
           {"HTTPS://localhost:8080/a", "/a?"},
           {"http://localhost", "/?"},
           {"http://localhost?q=1", "/?q=1"}}) {
    const std::string answer =
        Send(std::string("GET ") + target + " HTTP/1.1", "Host: localhost\r\n");
    EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), seen);
  }
  EXPECT_EQ(Send("GET http://evil.example/a HTTP/1.1", "Host: localhost\r\n").substr(9, 3), "421");
  EXPECT_EQ(Send("GET http:///a HTTP/1.1", "Host: localhost\r\n").substr(9, 3), "400");
}

}  // namespace
}  // namespace pgsluice::api
