// Random requests of a tenant: no byte of another tenant's rows or of a hidden field is returned,
// and every answer equals that of a service that has no other data. PGSLUICE_TEST_SEED repeats a
// run, PGSLUICE_TEST_REQUESTS makes it longer.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>

#include "api/auth/jwks.h"
#include "pgsluice/json/writer.h"
#include "support/api_fixture.h"
#include "support/random_request.h"
#include "unit/api/signed_token.h"

namespace pgsluice::api {
namespace {

using pgsluice::testing::RandomRequest;
using pgsluice::testing::TenantRequest;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

const std::vector<std::string> kHidden = {"secret", "price", "owner.code", "orders.total"};

/// Includes owner.code. If the plan is for the tenant alone, leaves out what is hidden.
std::shared_ptr<const plan::Plan> PlanOf(bool alone) {
  auto plan = std::make_shared<plan::Plan>(*query::SamplePlan());
  plan->config.search.facets = {"tags", "status"};
  plan->config.search.fields = {{"title", 2}, {"tags", 1}};
  plan->config.search.default_sort = {"created_at:desc"};
  const std::function<void(std::vector<plan::Field>&)> prune =
      [&prune](std::vector<plan::Field>& fields) {
        std::erase_if(fields, [](const plan::Field& field) {
          return std::find(kHidden.begin(), kHidden.end(), field.path) != kHidden.end();
        });
        for (plan::Field& field : fields) prune(field.fields);
      };
  for (plan::Field& field : plan->fields) {
    if (field.path != "owner") continue;
    field.fields.push_back(query::MakeField("owner.code", plan::Kind::kText, "text"));
  }
  if (alone) prune(plan->fields);
  return plan;
}

class ApiTenants : public ApiFixture {
 protected:
  void SetUp() override {
    seed_ = FromEnvironment("PGSLUICE_TEST_SEED", std::random_device{}());
    std::cout << "PGSLUICE_TEST_SEED=" << seed_ << std::endl;
    random_.seed(seed_);
    ApiFixture::SetUp();
    config_.auth.jwt = config::Jwt{{"HS256"}, "secret", "", "", "", "member", "", false};
    config_.auth.policies["member"].indexes["projects"] = {"level = ${claims.tenant}", kHidden};
    alone_config_ = config_;
    // It hides something as well, so that words are searched the same way.
    alone_config_.auth.policies["member"].indexes["projects"] = {"", {"absent"}};
    Fill();
    Restart();
    Backend backend{engine_, [this] { return alone_set_; }, nullptr, alone_config_,
                    alone_registry_};
    alone_ = std::make_unique<Server>(backend, config::Address{"127.0.0.1", 0}, std::nullopt);
    alone_->Start();
    http::ClientOptions options;
    options.urls = {"http://127.0.0.1:" + std::to_string(alone_->port())};
    alone_client_ = http::MakeClient(options);
  }

  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  std::string Of(const std::vector<std::string>& list) {
    return list[static_cast<std::size_t>(Below(static_cast<int>(list.size())))];
  }
  std::string Make(const std::string& name, bool alone) {
    const auto plan = PlanOf(alone);
    const std::string alias = sandbox_.Name(name);
    engine_->CreateIndex(alias + "-000001", engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias, {}, alias + "-000001");
    (alone ? *alone_set_ : *set_)["projects"] = {plan, alias, "live"};
    return alias;
  }

  void Fill() {
    engine::BulkBody shared(Make("shared", false));
    engine::BulkBody alone(Make("alone", true));
    for (int i = 0; i < 120; ++i) {
      const int tenant = 1 + i % 3;
      const std::string id = std::to_string(tenant == 1 ? i + 1 : 7770777000 + i);
      const auto [seen, whole] = Row(id, tenant);
      shared.Index(id, whole, 1);
      if (tenant == 1) alone.Index(id, seen, 1);
    }
    for (const auto* bulk : {&shared, &alone}) {
      ASSERT_TRUE(engine_->Bulk(*bulk, std::chrono::seconds(60)).all_done);
      engine_->Refresh(std::string(bulk->index()));
    }
  }

  /// What the tenant sees of a row, and the whole row. Rows of other tenants contain the same
  /// words, so that they would be counted, and marks, so that they would be noticed.
  std::pair<std::string, std::string> Row(const std::string& id, int tenant) {
    const std::string mark = tenant == 1 ? "" : " zqxother";
    const auto text = [&](const std::vector<std::string>& list) {
      return Below(6) == 0 ? "null" : json::Quote(Of(list) + " " + Of(list) + mark);
    };
    const bool hidden = Below(3) > 0;
    std::string orders, visible_orders;
    for (int i = Below(3); i > 0; --i) {
      const std::string state = R"({"state":)" + json::Quote(Of({"new", "sent"}) + mark);
      orders += (orders.empty() ? "" : ",") + state + R"(,"total":7770777})";
      visible_orders += (visible_orders.empty() ? "" : ",") + state + "}";
    }
    const std::string owner = R"("name":)" + text({"ann", "bob", "zoe"});
    const std::string rest =
        R"("id":)" + id + R"(,"title":)" +
        text({"garden", "tools", "kitchen", "table", "gardens"}) + R"(,"level":)" +
        std::to_string(tenant) + R"(,"live":)" + Of({"true", "false", "null"}) +
        R"(,"created_at":"2024-01-0)" + std::to_string(1 + Below(8)) + R"(T00:00:00+00:00")" +
        R"(,"status":)" + Of({R"("draft")", R"("live")", R"("archived")", "null"}) +
        R"(,"tags":[)" + json::Quote(Of({"oss", "home", "red"})) + "," +
        json::Quote(Of({"oss", "blue"}) + mark) + R"(],"profile":{"a":)" +
        json::Quote(Of({"x", "y"}) + mark) + R"(},"address":"10.0.0.)" +
        std::to_string(1 + Below(5)) + R"(","__id":")" + id + "\"";
    const std::string code = hidden ? R"(,"code":"zqxhidden garden")" : "";
    const std::string more = hidden ? R"(,"secret":"zqxhidden garden","price":7770777.25)" : "";
    return {"{" + rest + R"(,"owner":{)" + owner + R"(},"orders":[)" + visible_orders + "]}",
            "{" + rest + R"(,"owner":{)" + owner + code + R"(},"orders":[)" + orders + "]" + more +
                "}"};
  }

  static std::string Token(int tenant) {
    return "Bearer " + SignedToken(R"({"alg":"HS256"})",
                                   R"({"sub":"same","tenant":)" + std::to_string(tenant) + "}",
                                   "secret");
  }

  http::Response Ask(http::Transport& client, const TenantRequest& asked, int tenant) {
    http::Request request;
    request.method = asked.method;
    request.path = asked.path;
    request.body = asked.body;
    request.headers = {{"Authorization", Token(tenant)}, {"X-Request-Id", "r"}};
    return client.Send(request);
  }

  /// Removes what differs between two services with the same data.
  static std::string Comparable(std::string body) {
    for (const char* name : {"took_ms", "engine_ms", "processingTimeMS", "score", "next_cursor"}) {
      const std::string start = "\"" + std::string(name) + "\":";
      for (std::size_t at = body.find(start); at != std::string::npos; at = body.find(start, at)) {
        at += start.size();
        if (body.compare(at, 4, "null") != 0)
          body.replace(at, body.find_first_of(",}", at) - at, "?");
      }
    }
    return body;
  }

  static void ExpectClean(const std::string& text, const std::string& what) {
    for (const char* mark : {"zqx", "7770777"}) {
      EXPECT_EQ(text.find(mark), std::string::npos) << mark << " in " << what << "\n" << text;
    }
  }

  void Check(const TenantRequest& asked) {
    const http::Response mine = Ask(*client_, asked, 1);
    const http::Response alone = Ask(*alone_client_, asked, 1);
    const std::string what = asked.method + " " + asked.path + " " + asked.body;
    EXPECT_EQ(mine.status, alone.status) << what << "\n" << mine.body << "\n" << alone.body;
    EXPECT_LT(mine.status, 500) << what << "\n" << mine.body;
    if (!asked.scored) {
      EXPECT_EQ(Comparable(mine.body), Comparable(alone.body)) << what;
    }
    if (mine.status == 200) ++answered_;
    if ((asked.path + asked.body).find("zqx") != std::string::npos ||
        (asked.path + asked.body).find("7770777") != std::string::npos) {
      return;  // An answer may repeat the request; it is compared above.
    }
    std::string headers;
    for (const auto& [name, value] : mine.headers) headers += name + ": " + value + "\n";
    ExpectClean(headers, what);
    ExpectClean(mine.body, what);
    CheckCursor(mine.body, asked);
  }

  /// A cursor must not reveal anything either, and another tenant with the same name cannot use it.
  void CheckCursor(const std::string& body, const TenantRequest& asked) {
    const std::string start = R"("next_cursor":")";
    const std::size_t at = body.find(start);
    if (at == std::string::npos || asked.method != "POST" ||
        asked.path.find("/search") == std::string::npos) {
      return;
    }
    const std::size_t from = at + start.size();
    const std::string cursor = body.substr(from, body.find('"', from) - from);
    std::string payload;
    ASSERT_TRUE(DecodeBase64Url(cursor.substr(0, cursor.find('.')), payload));
    ExpectClean(payload, "a cursor");
    if (asked.body.find("\"page\"") != std::string::npos ||
        asked.body.find("\"cursor\"") != std::string::npos) {
      return;
    }
    TenantRequest next = asked;
    next.body = asked.body.substr(0, asked.body.size() - 1) + (asked.body.size() > 2 ? "," : "") +
                R"("cursor":")" + cursor + "\"}";
    const http::Response mine = Ask(*client_, next, 1);
    EXPECT_EQ(mine.status, 200) << next.body << mine.body;
    ExpectClean(mine.body, next.body);
    const http::Response other = Ask(*client_, next, 2);
    EXPECT_EQ(other.status, 400) << next.body;
    EXPECT_NE(other.body.find("invalid_cursor"), std::string::npos) << other.body;
    ++cursors_;
  }

  std::uint64_t seed_ = 0;
  std::mt19937_64 random_;
  config::Config alone_config_;
  observe::Registry alone_registry_;
  std::shared_ptr<IndexSet> alone_set_ = std::make_shared<IndexSet>();
  std::unique_ptr<Server> alone_;
  std::unique_ptr<http::Transport> alone_client_;
  int answered_ = 0, cursors_ = 0;
};

TEST_F(ApiTenants, SeeNothingOfEachOtherAndOfWhatIsHidden) {
  RandomRequest requests(random_);
  const std::uint64_t count = FromEnvironment("PGSLUICE_TEST_REQUESTS", 500);
  for (std::uint64_t i = 0; i < count && !HasFailure(); ++i) Check(requests.Make());
  // Most requests must be answerable, otherwise nothing would be tested.
  EXPECT_GT(answered_, static_cast<int>(count / 3));
  EXPECT_GT(cursors_, static_cast<int>(count / 100));
}

}  // namespace
}  // namespace pgsluice::api
