#pragma once

#include <memory>
#include <string>

#include "fuzz/fuzz.h"
#include "pgsluice/api/server.h"
#include "unit/query/plan_fixture.h"

namespace pgsluice::fuzz {

/// An engine that finds nothing, and accepts only JSON.
class EmptyEngine : public http::Transport {
 public:
  http::Response Send(const http::Request& request) override {
    if (!request.body.empty()) RequireJson(request.body);
    const bool by_id = request.path.find("/_doc/") != std::string::npos;
    http::Response response;
    response.status = by_id ? 404 : 200;
    response.body = by_id ? R"({"found":false})"
                    : request.path == "/"
                        ? R"({"version":{"number":"3.8.0","distribution":"opensearch"}})"
                        : R"({"took":1,"timed_out":false,"_shards":{"failed":0},"count":0,"hits":{)"
                          R"("total":{"value":0,"relation":"eq"},"hits":[]},"aggregations":{}})";
    return response;
  }
};

/// The API in front of it, on a free port.
class SilentApi {
 public:
  SilentApi() {
    (*indexes_)["projects"] = {query::SamplePlan(), "projects", "live"};
    config_.log_level = "off";
    server_ = std::make_unique<api::Server>(
        api::Backend{std::make_shared<engine::Engine>(std::make_shared<EmptyEngine>()),
                     [this] { return indexes_; }, nullptr, config_, registry_},
        config::Address{"127.0.0.1", 0}, std::nullopt);
  }
  api::Server& server() { return *server_; }

 private:
  config::Config config_;
  observe::Registry registry_;
  std::shared_ptr<api::IndexSet> indexes_ = std::make_shared<api::IndexSet>();
  std::unique_ptr<api::Server> server_;
};

}  // namespace pgsluice::fuzz
