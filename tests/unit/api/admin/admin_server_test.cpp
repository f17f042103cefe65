#include "pgsluice/api/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/query/problem.h"

namespace pgsluice::api {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

class AdminServer : public ::testing::Test {
 protected:
  HttpResponse Ask(const std::string& method, const std::string& path,
                   const std::string& query = "", const std::string& type = "") {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.peer = "10.0.0.1";
    if (!type.empty()) request.headers["content-type"] = type;
    return AdminHandler(callbacks_)(request);
  }

  bool may_search_ = false, guarded_ = false;
  std::vector<std::optional<std::int64_t>> retried_;
  std::vector<std::string> databases_, audited_;
  AdminCallbacks callbacks_ = {
      .ready = [] { return false; },
      .reason = [] { return std::string("engine: away"); },
      .metrics = [] { return std::string("x 1\n"); },
      .status = [] { return std::string("{}"); },
      .dead_letters = [](const HttpRequest&) { return std::string("[]"); },
      .retry =
          [this](const std::string& database, auto id) {
            databases_.push_back(database);
            retried_.push_back(id);
            return 1;
          },
      .admit =
          [this](const HttpRequest&, bool change) {
            if (!guarded_) return std::string("key:ops");
            throw query::Problem(401, "missing_credentials", change ? "change" : "look");
            return std::string();
          },
      .audit =
          [this](const auto& event, const auto& caller, const auto& address, const auto& detail) {
            audited_.push_back(event + " " + caller + " " + address + " " + detail);
          },
      .may_search = [this] { return may_search_; },
      .search =
          [](const HttpRequest&) {
            HttpResponse response;
            response.body = "found";
            return response;
          }};
};

TEST_F(AdminServer, ReadinessNamesTheReason) {
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
  const HttpResponse answer = Ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("engine: away"));
}

TEST_F(AdminServer, ServesThePageWithAPolicyOfItsOwn) {
  const HttpResponse page = Ask("GET", "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.headers,
              Contains(Pair("Content-Security-Policy", HasSubstr("default-src 'none'"))));
  EXPECT_EQ(Ask("GET", "/status.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(Ask("GET", "/index.html").status, 404);
}

TEST_F(AdminServer, CredentialsGuardAllButHealthAndThePage) {
  guarded_ = true;
  for (const char* path : {"/metrics", "/status", "/dead-letters"}) {
    EXPECT_EQ(Ask("GET", path).status, 401) << path;
  }
  EXPECT_EQ(Ask("POST", "/dead-letters/retry", "", "application/json").status, 401);
  EXPECT_TRUE(retried_.empty());
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
  EXPECT_EQ(Ask("GET", "/readyz").status, 503);
  EXPECT_EQ(Ask("GET", "/").status, 200);
}

TEST_F(AdminServer, RetriesOneOrAllAndOnlyForItsOwnPage) {
  EXPECT_EQ(Ask("POST", "/dead-letters/retry", "", "text/plain").status, 415);
  EXPECT_EQ(Ask("POST", "/dead-letters/retry", "id=x", "application/json").status, 400);
  EXPECT_EQ(Ask("POST", "/dead-letters/retry", "id=", "application/json").status, 400);
  EXPECT_TRUE(retried_.empty());
  EXPECT_EQ(Ask("POST", "/dead-letters/retry", "id=17", "application/json").body,
            R"({"retried":1})");
  Ask("POST", "/dead-letters/retry", "", "application/json");
  ASSERT_EQ(retried_.size(), 2U);
  EXPECT_EQ(retried_[0], 17);
  EXPECT_EQ(retried_[1], std::nullopt);
  EXPECT_EQ(audited_, std::vector<std::string>(2, "dead_letters_retry key:ops 10.0.0.1 1"));
  Ask("POST", "/dead-letters/retry", "id=my%20shop:18", "application/json");
  EXPECT_EQ(retried_.back(), 18);
  EXPECT_EQ(databases_.back(), "my shop");
  EXPECT_EQ(Ask("POST", "/dead-letters/retry", "id=shop:", "application/json").status, 400);
  EXPECT_EQ(Ask("POST", "/status").status, 405);
}

TEST_F(AdminServer, SearchesOnlyWhereThatIsAllowed) {
  EXPECT_EQ(Ask("GET", "/v1/indexes").status, 404);
  may_search_ = true;
  EXPECT_EQ(Ask("GET", "/v1/indexes").body, "found");
}

}  // namespace
}  // namespace pgsluice::api
