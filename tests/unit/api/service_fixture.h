#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pgsluice/api/server.h"
#include "pgsluice/base/digest.h"
#include "pgsluice/json/value.h"
#include "unit/query/plan_fixture.h"

namespace pgsluice::api {

/// An engine that gives the test's answer, and records its requests.
class ScriptedEngine : public http::Transport {
 public:
  http::Response Send(const http::Request& request) override {
    http::Response response;
    response.status = 200;
    if (request.path == "/") {
      response.body = R"({"version":{"number":"3.8.0","distribution":"opensearch"}})";
      return response;
    }
    asked.emplace_back(request.path + '\n' + std::string(request.body));
    response.body = answer(request);
    return response;
  }

  std::function<std::string(const http::Request&)> answer = [](const http::Request&) {
    return std::string(
        R"({"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"failed":0},"count":0,)"
        R"("hits":{"total":{"value":0,"relation":"eq"},"hits":[]},"aggregations":{}})");
  };
  std::vector<std::string> asked;
};

/// The REST API without sockets, in front of a scripted engine.
class ServiceFixture : public ::testing::Test {
 protected:
  ServiceFixture() { (*set_)["projects"] = {query::SamplePlan(), "projects", "live"}; }

  void Restart() {
    server_ =
        std::make_unique<Server>(Backend{std::make_shared<engine::Engine>(engine_),
                                         [this] { return set_; }, nullptr, config_, registry_},
                                 config::Address{"127.0.0.1", 0}, std::nullopt);
  }

  HttpResponse Ask(const std::string& target, const std::string& body = "",
                   std::map<std::string, std::string> headers = {},
                   const std::string& peer = "127.0.0.1") {
    if (!server_) Restart();
    HttpRequest request;
    const std::size_t question = std::min(target.find('?'), target.size());
    request.method = body.empty() ? "GET" : "POST";
    request.path = target.substr(0, question);
    if (question < target.size()) request.query = target.substr(question + 1);
    request.headers = std::move(headers);
    if (!body.empty()) request.headers["content-type"] = "application/json";
    request.body = body;
    request.peer = peer;
    request.id = "test";
    return server_->Answer(request);
  }
  static std::string CodeOf(const HttpResponse& response) {
    const json::Value problem = json::Parse(response.body);
    const json::Value* code = problem.Find("code");
    return std::to_string(response.status) + (code == nullptr ? "" : " " + code->text);
  }

  config::Config config_;
  observe::Registry registry_;
  std::shared_ptr<ScriptedEngine> engine_ = std::make_shared<ScriptedEngine>();
  std::shared_ptr<IndexSet> set_ = std::make_shared<IndexSet>();
  std::unique_ptr<Server> server_;
};

}  // namespace pgsluice::api
