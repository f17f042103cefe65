#include <Poco/Net/ServerSocket.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "support/api_fixture.h"
#include "unit/api/raw_client.h"

/// Callers that disconnect: the work for them ends.
namespace pgsluice::api {
namespace {

using ::testing::HasSubstr;

/// An engine whose searches take forever: it accepts the request and does not answer.
class SlowSearches : public http::Transport {
 public:
  explicit SlowSearches(std::shared_ptr<http::Transport> others)
      : others_(std::move(others)), socket_(Poco::Net::SocketAddress("127.0.0.1", 0)) {
    http::ClientOptions options;
    options.urls = {"http://127.0.0.1:" + std::to_string(socket_.address().port())};
    searches_ = http::MakeClient(options);
  }

  http::Response Send(const http::Request& request) override {
    const bool search = request.path.find("/_search") != std::string::npos;
    return (search ? *searches_ : *others_).Send(request);
  }

  /// Returns the next search's connection, once its request has arrived.
  Poco::Net::StreamSocket Search() {
    Poco::Net::StreamSocket connection = socket_.acceptConnection();
    connection.setReceiveTimeout(Poco::Timespan(20, 0));
    char buffer[16384];
    EXPECT_GT(connection.receiveBytes(buffer, sizeof buffer), 0);
    return connection;
  }

 private:
  std::shared_ptr<http::Transport> others_;
  Poco::Net::ServerSocket socket_;
  std::unique_ptr<http::Transport> searches_;
};

class ApiGoneTest : public ApiFixture {};

TEST_F(ApiGoneTest, TheSearchEndsWithItsCaller) {
  const auto slow = std::make_shared<SlowSearches>(sandbox_.transport());
  engine_ = std::make_shared<engine::Engine>(slow);
  Restart();
  std::optional<RawClient> caller(server_->port());
  caller->Send("GET /v1/projects/search HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Poco::Net::StreamSocket search = slow->Search();
  EXPECT_FALSE(search.poll(Poco::Timespan(0, 200000), Poco::Net::Socket::SELECT_READ));
  caller.reset();
  char buffer[64];
  EXPECT_EQ(search.receiveBytes(buffer, sizeof buffer), 0);  // Closed; an exception when it is not.
  server_->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  EXPECT_THAT(registry_.Text(), HasSubstr(R"(route="/v1/{index}/search",method="GET",code="499")"));
}

}  // namespace
}  // namespace pgsluice::api
