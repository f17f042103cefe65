#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pgsluice/api/server.h"
#include "pgsluice/engine/index_body.h"
#include "pgsluice/json/value.h"
#include "support/engine_sandbox.h"
#include "unit/query/plan_fixture.h"

namespace pgsluice::api {

/// The REST API over HTTP on a real engine, with an index of three handmade documents.
class ApiFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto plan = query::SamplePlan();
    const std::string alias = sandbox_.Name("projects");
    const std::string physical = alias + "-000001";
    engine_->CreateIndex(physical, engine::IndexBody(*plan, config_, engine_->Detect()));
    engine_->SwapAlias(alias, {}, physical);
    engine::BulkBody bulk(alias);
    const auto add = [&](const std::string& id, const std::string& rest) {
      bulk.Index(id, R"({"id":)" + id + "," + rest + R"(,"__id":")" + id + R"("})", 1);
    };
    add("1",
        R"("title":"The best hackathons","level":1,"price":12.50,"status":"live","tags":["oss"],)"
        R"("orders":[{"state":"sent","total":5},{"state":"new","total":90}])");
    add("2",
        R"("title":"Garden tools","level":2,"price":null,"status":"draft","tags":["oss","home"],)"
        R"("orders":[])");
    add("9007199254740993", R"("title":"Kitchen","level":null,"price":3.0,"status":"archived",)"
                            R"("tags":[],"orders":[{"state":"sent","total":90}])");
    bulk_text_ok_ = engine_->Bulk(bulk, std::chrono::seconds(30)).all_done;
    engine_->Refresh(alias);
    (*set_)["projects"] = {plan, alias, "live"};
    Restart();
  }

  /// Creates the server again with the present config_ and sync_.
  void Restart() {
    Backend backend{engine_,   [this] { return set_; },     sync_, config_,
                    registry_, [this] { return complete_; }};
    backend.cursor_keys = [keys = cursor_keys_](const std::string&) { return keys; };
    server_ = std::make_unique<Server>(backend, config::Address{"127.0.0.1", 0}, std::nullopt);
    server_->Start();
    http::ClientOptions options;
    options.urls = {"http://127.0.0.1:" + std::to_string(server_->port())};
    client_ = http::MakeClient(options);
  }

  http::Response Send(const std::string& path, const std::string& body = "",
                      http::Headers headers = {}) {
    http::Request request;
    request.headers = std::move(headers);
    request.method = body.empty() ? "GET" : "POST";
    request.path = path;
    request.body = body;
    return client_->Send(request);
  }

  /// Returns the ids that a filter finds, in the order of the answer.
  std::vector<std::string> Ids(const std::string& filter, const std::string& more = "") {
    const http::Response answer = Send("/v1/projects/search?filter=" + http::Encode(filter) + more);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> ids;
    const json::Value value = json::Parse(answer.body);
    for (const json::Value& hit : value.Find("hits")->items) ids.push_back(hit.Find("id")->text);
    return ids;
  }

  pgsluice::testing::EngineSandbox sandbox_;
  config::Config config_;
  observe::Registry registry_;
  SyncState* sync_ = nullptr;
  std::shared_ptr<IndexSet> set_ = std::make_shared<IndexSet>();
  std::shared_ptr<engine::Engine> engine_ = std::make_shared<engine::Engine>(sandbox_.transport());
  std::unique_ptr<Server> server_;
  std::unique_ptr<http::Transport> client_;
  bool bulk_text_ok_ = false;
  std::shared_ptr<const query::CursorKeys> cursor_keys_ = query::CursorKeys::OfThisProcess();
  bool complete_ = true;  ///< False: more indexes may come.
};

}  // namespace pgsluice::api
