#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include "api/rest/gate.h"
#include "support/api_fixture.h"
#include "unit/api/raw_client.h"

/// What the API refuses before it asks the engine, and which requests may wait.
namespace pgsluice::api {
namespace {

using ::testing::HasSubstr;

/// A sync that never reaches a position.
class StuckSync : public SyncState {
 public:
  std::string Position(const std::string&) override {
    ++asked;
    return "7";
  }
  std::int64_t lag_ms(const std::string&) override { return 5; }
  std::int64_t pending(const std::string&) override { return 1; }
  bool WaitUntilApplied(const std::string&, const std::string&,
                        std::chrono::steady_clock::time_point deadline) override {
    std::unique_lock lock(mutex_);
    waiters_.insert(std::this_thread::get_id());  // The same waiter asks repeatedly.
    changed_.notify_all();
    changed_.wait_until(lock, deadline, [] { return false; });
    return false;
  }
  /// Sends each request on a separate thread.
  void AwaitWaiters(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiters_.size() >= count; });
  }

  std::atomic<int> asked{0};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::thread::id> waiters_;
};

class ApiLimitsTest : public ApiFixture {
 protected:
  http::Response Do(const std::string& method, const std::string& path,
                    const std::string& type = "application/json") {
    http::Request request;
    request.method = method;
    request.path = path;
    request.content_type = type;
    request.body = method == "POST" || method == "PUT" ? "{}" : "";
    return client_->Send(request);
  }
  StuckSync stuck_;
};

TEST_F(ApiLimitsTest, AnswersProblemsAndCountsThemByRoute) {
  const auto expect = [](const http::Response& answer, int status, const std::string& code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("\"code\":\"" + code + "\""));
    EXPECT_THAT(answer.body, HasSubstr(R"("type":"urn:pgsluice:)" + code));
  };
  const http::Response wrong = Do("DELETE", "/v1/projects/search");
  expect(wrong, 405, "method_not_allowed");
  EXPECT_THAT(wrong.headers, ::testing::Contains(::testing::Pair(
                                 "Allow", ::testing::StrEq("GET, HEAD, POST, OPTIONS"))));
  expect(Do("PUT", "/v1/projects/docs/1"), 405, "method_not_allowed");
  expect(Do("POST", "/v1/projects/search", "text/plain"), 415, "unsupported_media_type");
  expect(Send("/v1/projects/search?q=" + std::string(9000, 'x')), 414, "uri_too_long");
  expect(Send("/v1/sync", "",
              {{"A", std::string(6000, 'x')},
               {"B", std::string(6000, 'x')},
               {"C", std::string(6000, 'x')}}),
         431, "headers_too_large");
  expect(Send("/v1/projects/search", std::string(300 * 1024, ' ')), 413, "body_too_large");
  expect(Send("/v1/sync", "", {{"Accept", "image/png"}}), 406, "not_acceptable");
  expect(Send("/v2"), 404, "not_found");
  const std::string metrics = registry_.Text();
  for (const char* line : {R"({route="unknown",method="GET",code="414"} 1)",
                           R"({route="unknown",method="POST",code="413"} 1)",
                           R"({route="unknown",method="GET",code="431"} 1)",
                           R"({route="/v1/{index}/search",method="other",code="405"} 1)",
                           R"({route="unknown",method="POST",code="415"} 1)"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
}

TEST_F(ApiLimitsTest, WaitersDoNotStarveSearches) {
  config_.limits.concurrent = 2;
  sync_ = &stuck_;
  Restart();
  std::vector<std::future<http::Response>> waiters;
  // One after another, because a request counts as running until it waits.
  for (std::size_t i = 0; i < Gate::kWaiting; ++i) {
    waiters.push_back(std::async(std::launch::async, [this, i] {
      return Send(i % 2 == 0 ? "/v1/sync/wait?wait=30s"
                             : "/v1/projects/search?consistency=strong&wait=30s");
    }));
    stuck_.AwaitWaiters(i + 1);
  }
  EXPECT_EQ(Send("/v1/projects/search").status, 200);
  const http::Response refused = Send("/v1/sync/wait?wait=30s");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("overloaded"));
  server_->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  for (auto& waiter : waiters) EXPECT_EQ(waiter.get().status, 503);
}

TEST_F(ApiLimitsTest, ACallerThatDisconnectedDoesNotWait) {
  sync_ = &stuck_;
  Restart();
  std::list<RawClient> callers;
  for (std::size_t i = 0; i < Gate::kWaiting; ++i) {
    callers.emplace_back(server_->port())
        .Send("GET /v1/sync/wait?wait=30s HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stuck_.AwaitWaiters(i + 1);
  }
  EXPECT_EQ(Send("/v1/sync/wait?wait=1ms").status, 503);
  callers.clear();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int status = 503;
  while (status == 503 && std::chrono::steady_clock::now() < until) {
    status = Send("/v1/sync/wait?wait=1ms").status;
  }
  EXPECT_EQ(status, 504);
}

TEST_F(ApiLimitsTest, WaitsNoLongerThanAsked) {
  sync_ = &stuck_;
  Restart();
  const http::Response answer = Send("/v1/projects/count?after=9&wait=100ms");
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr("sync_wait_timeout"));
}

TEST_F(ApiLimitsTest, SearchesDoNotAskTheDatabase) {
  sync_ = &stuck_;
  Restart();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(Send("/v1/projects/search").body, HasSubstr(R"("position":"7")"));
  }
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_LE(stuck_.asked, 1 + took / std::chrono::milliseconds(200));
}

}  // namespace
}  // namespace pgsluice::api
