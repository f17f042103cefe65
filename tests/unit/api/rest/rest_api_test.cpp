#include <algorithm>
#include <fstream>
#include <sstream>

#include "pgsluice/query/problem.h"
#include "unit/api/service_fixture.h"

/// Limits, policies and logs of the REST API.
namespace pgsluice::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ServiceTest : public ServiceFixture {
 protected:
  void WithKey(const std::string& name, const std::string& policy) {
    config_.auth.keys.push_back({name, base::Sha256(name), policy, ""});
    config_.auth.policies[policy].indexes["*"];
  }
  static std::map<std::string, std::string> Key(const std::string& key) {
    return {{"x-api-key", key}};
  }
};

TEST_F(ServiceTest, AddressesAreLimitedBeforeTheirCredentials) {
  WithKey("k", "p");
  config_.limits.address_requests_per_second = 0.001;
  EXPECT_EQ(Ask("/v1/projects/count", "", Key("wrong"), "10.0.0.1").status, 401);
  EXPECT_EQ(CodeOf(Ask("/v1/projects/count", "", Key("wrong"), "10.0.0.1")), "429 rate_limited");
  EXPECT_EQ(CodeOf(Ask("/v1/projects/count", "", Key("k"), "10.0.0.1")), "429 rate_limited");
  EXPECT_EQ(Ask("/v1/projects/count", "", Key("k"), "10.0.0.2").status, 200);
}

TEST_F(ServiceTest, ThereAreLimitsWithoutAnySetting) {
  bool refused = false;
  for (int i = 0; i < 20000 && !refused; ++i) {
    refused = Ask("/v1/sync", "", {}, "10.0.0.1").status == 429;
  }
  EXPECT_TRUE(refused);
  for (int i = 0; i < 1500; ++i) ASSERT_EQ(Ask("/v1/sync").status, 200);  // This machine.
}

TEST_F(ServiceTest, BatchesCountByTheirSearches) {
  config_.limits.requests_per_second = 0.001;
  const std::string batch = R"({"searches":[{"index":"projects"},{"index":"projects"}]})";
  EXPECT_EQ(CodeOf(Ask("/v1/multi-search", batch)), "429 rate_limited");
}

TEST_F(ServiceTest, KeysAndPoliciesHaveLimitsOfTheirOwn) {
  WithKey("slow", "p");
  WithKey("fast", "p");
  WithKey("other", "q");
  config_.auth.policies["p"].requests_per_second = 0.001;
  config_.auth.keys[1].requests_per_second = 0;
  const auto second = [this](const std::string& key) {
    Ask("/v1/sync", "", Key(key));
    return Ask("/v1/sync", "", Key(key)).status;
  };
  EXPECT_EQ(second("slow"), 429);
  EXPECT_EQ(second("fast"), 200);
  EXPECT_EQ(second("other"), 200);
}

TEST_F(ServiceTest, ProxiesAreBelievedIfTheyAreTrusted) {
  config_.limits.address_requests_per_second = 0.001;
  config_.limits.trusted_proxies = {"10.0.0.0/8"};
  const auto from = [this](const std::string& peer, const std::string& forwarded) {
    return Ask("/v1/sync", "", {{"x-forwarded-for", forwarded}}, peer).status;
  };
  EXPECT_EQ(from("10.0.0.1", "1.1.1.1"), 200);
  EXPECT_EQ(from("10.0.0.1", "2.2.2.2"), 200);
  EXPECT_EQ(from("10.0.0.1", "1.1.1.1"), 429);
  EXPECT_EQ(from("9.9.9.9", "3.3.3.3"), 200);
  EXPECT_EQ(from("9.9.9.9", "4.4.4.4"), 429);
}

TEST_F(ServiceTest, PoliciesForbidExpensiveRequests) {
  WithKey("k", "p");
  auto& policy = config_.auth.policies["p"];
  policy.strong = policy.facets = policy.highlight = false;
  for (const char* path :
       {"/v1/projects/search?consistency=strong", "/v1/projects/count?consistency=strong",
        "/v1/projects/search?after=1", "/v1/sync/wait", "/v1/projects/search?facets=level",
        "/v1/projects/facets/level", "/v1/projects/suggest?field=title&q=a",
        "/v1/projects/search?q=x&highlight=title"}) {
    EXPECT_EQ(CodeOf(Ask(path, "", Key("k"))), "403 parameter_not_allowed") << path;
  }
  EXPECT_EQ(Ask("/v1/projects/search?q=x", "", Key("k")).status, 200);
  EXPECT_EQ(
      Ask("/v1/instantsearch", R"([{"indexName":"projects","params":{"query":"x"}}])", Key("k"))
          .status,
      200);
}

TEST_F(ServiceTest, TheListOfIndexesIsOneRequestToTheEngine) {
  for (int i = 0; i < 20; ++i) {
    (*set_)["more" + std::to_string(i)] = {query::SamplePlan(), "more" + std::to_string(i), "live"};
  }
  engine_->answer = [](const http::Request& request) {
    std::string list;
    const auto searches = std::count(request.body.begin(), request.body.end(), '\n') / 2;
    for (auto i = 0; i < searches; ++i) {
      list += std::string(i > 0 ? "," : "") +
              R"({"_shards":{"total":1,"successful":1},"hits":{"total":{"value":)" +
              std::to_string(i) + "}}}";
    }
    return R"({"responses":[)" + list + "]}";
  };
  const HttpResponse first = Ask("/v1/indexes");
  EXPECT_THAT(first.body, HasSubstr(R"("documents":20,)"));
  EXPECT_EQ(engine_->asked.size(), 1U);
  Ask("/v1/indexes");
  EXPECT_EQ(engine_->asked.size(), 1U);  // Fresh enough.
}

TEST_F(ServiceTest, NothingIsGivenToTheEngineTwice) {
  EXPECT_EQ(Ask("/v1/projects/search?q=x&facets=tags,tags&highlight=title,title").status, 200);
  EXPECT_EQ(
      Ask("/v1/instantsearch", R"([{"indexName":"projects","params":"facets=tags,tags&query=x"}])")
          .status,
      200);
  EXPECT_EQ(std::count_if(engine_->asked.begin(), engine_->asked.end(),
                          [](const std::string& asked) {
                            return asked.substr(0, asked.find('\n')).find("search") !=
                                   std::string::npos;
                          }),
            3)
      << "two searches, and one for what could be meant by the first";
  for (const std::string& asked : engine_->asked) {
    EXPECT_NO_THROW(json::Parse(asked.substr(asked.find('\n') + 1))) << asked;
  }
}

TEST_F(ServiceTest, ALongBeginningFitsTheEngine) {
  const std::string q(256, 'a');
  engine_->answer = [&](const http::Request& request) {
    const json::Value body = json::Parse(request.body);
    const json::Value* include = body.Find({"aggs", "f0", "aggs", "v", "terms", "include"});
    EXPECT_TRUE(include != nullptr && include->text.size() <= 1000);
    return R"({"aggregations":{"f0":{"v":{"sum_other_doc_count":0,"buckets":[{"key":")" +
           std::string(256, 'A') + R"(b","doc_count":2},{"key":")" + std::string(250, 'a') +
           R"(c","doc_count":1}]}}}})";
  };
  const HttpResponse response = Ask("/v1/projects/suggest?field=title&q=" + q);
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(response.body, HasSubstr(R"(Ab","count":2)"));
  EXPECT_THAT(response.body, Not(HasSubstr("ac")));
}

TEST_F(ServiceTest, LogsOfRequestsAreJsonLines) {
  const std::string access = ::testing::TempDir() + "access" + std::to_string(getpid());
  const std::string audit = ::testing::TempDir() + "audit" + std::to_string(getpid());
  WithKey("k", "p");
  config_.access_log = access;
  config_.audit_log = audit;
  Ask("/v1/projects/count?filter=title%20%3D%20secretvalue", "", Key("k"), "10.0.0.1");
  Ask("/v1/projects/count", "", Key("wrong"), "10.0.0.2");
  Ask("/v1/multi-search", R"({"searches":[{"index":"projects"}]})", Key("k"));
  server_->Audit("reload", "SIGHUP", "", "file");
  const auto lines = [](const std::string& file) {
    std::vector<json::Value> all;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      EXPECT_THAT(line, Not(HasSubstr("secretvalue")));
      all.push_back(json::Parse(line));
    }
    return all;
  };
  const auto requests = lines(access);
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].Find("path")->text, "/v1/projects/count");
  EXPECT_EQ(requests[0].Find("address")->text, "10.0.0.1");
  EXPECT_EQ(requests[1].Find("status")->text, "401");
  const auto events = lines(audit);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].Find("caller")->text, "key:k");
  EXPECT_EQ(events[0].Find("indexes")->text, "projects");
  EXPECT_EQ(events[1].Find("event")->text, "login_failed");
  EXPECT_EQ(events[2].Find("indexes")->text, "projects");
  EXPECT_EQ(events[3].Find("event")->text, "reload");
  std::remove(access.c_str());
  std::remove(audit.c_str());
}

TEST_F(ServiceTest, TheAdminPortNeedsAnAdminKeyIfAPolicyHasAdmin) {
  WithKey("k", "p");
  HttpRequest request;
  request.path = "/dead-letters/retry";
  Restart();
  EXPECT_EQ(server_->Admit(request, true), "");
  WithKey("ops", "ops");
  config_.auth.policies["ops"].admin = true;
  Restart();
  EXPECT_EQ(server_->Admit(request, false), "");
  EXPECT_THROW(server_->Admit(request, true), query::Problem);
  EXPECT_FALSE(server_->MayShowRows(request));
  request.headers = Key("k");
  EXPECT_THROW(server_->Admit(request, true), query::Problem);
  request.headers = Key("ops");
  EXPECT_EQ(server_->Admit(request, true), "key:ops");
  EXPECT_TRUE(server_->MayShowRows(request));
  config_.admin_auth = true;
  Restart();
  request.headers.clear();
  EXPECT_THROW(server_->Admit(request, false), query::Problem);
}

}  // namespace
}  // namespace pgsluice::api
