#include "fuzz/fuzz.h"
#include "pgsluice/api/server.h"
#include "pgsluice/json/validate.h"
#include "pgsluice/observe/log.h"
#include "unit/query/plan_fixture.h"

/// Uses the bytes as the engine's answer to every endpoint. The result must be JSON, and never a
/// 500.
namespace pgsluice::fuzz {
namespace {

class Puppet : public http::Transport {
 public:
  http::Response Send(const http::Request& request) override {
    http::Response response;
    response.status = 200;
    response.body = request.path == "/"
                        ? R"({"version":{"number":"3.8.0","distribution":"opensearch"}})"
                        : answer;
    return response;
  }
  std::string answer;
};

struct Api {
  Api() {
    (*indexes)["projects"] = {query::SamplePlan(), "projects", "live"};
    config.log_level = "off";
    observe::ConfigureLog("text", "error");
  }
  config::Config config;
  observe::Registry registry;
  std::shared_ptr<Puppet> engine = std::make_shared<Puppet>();
  std::shared_ptr<api::IndexSet> indexes = std::make_shared<api::IndexSet>();
  api::Server server{api::Backend{std::make_shared<engine::Engine>(engine),
                                  [this] { return indexes; }, nullptr, config, registry},
                     config::Address{"127.0.0.1", 0}, std::nullopt};
};

bool IsValid(std::string_view text) {
  try {
    json::Validate(text, 64);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void Check(Api& api, const char* path, const char* query, const std::string& body) {
  api::HttpRequest request;
  request.method = body.empty() ? "GET" : "POST";
  request.path = path;
  request.query = query;
  request.headers["content-type"] = "application/json";
  request.body = body;
  request.peer = "127.0.0.1";
  const api::HttpResponse response = api.server.Answer(request);
  Require(response.status != 500, "our fault", response.body);
  if (response.stream) return;
  // Documents are passed on as they are, so a duplicate name in one comes from the engine.
  try {
    json::Validate(response.body, 1100);
  } catch (const Error& error) {
    Require(false, error.what(), response.body);
  }
}

}  // namespace
}  // namespace pgsluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  static fuzz::Api api;
  api.engine->answer = fuzz::Text(data, size);
  try {
    json::Parse(api.engine->answer);
    fuzz::Require(fuzz::IsValid(api.engine->answer), "the parser takes more", api.engine->answer);
  } catch (const Error&) {
  }
  fuzz::Check(api, "/v1/projects/search", "numbers=string&facets=level,live&per_page=1", "");
  fuzz::Check(api, "/v1/projects/search", "q=x&sort=level&per_page=1", "");
  fuzz::Check(api, "/v1/projects/docs/1", "numbers=string", "");
  fuzz::Check(api, "/v1/projects/docs/1", "", "");
  fuzz::Check(api, "/v1/projects/docs/mget", "", R"({"ids":["1"],"numbers":"string"})");
  fuzz::Check(api, "/v1/projects/count", "", "");
  fuzz::Check(api, "/v1/projects/suggest", "field=title&q=a", "");
  fuzz::Check(api, "/v1/projects/export", "", "");
  fuzz::Check(api, "/v1/instantsearch", "",
              R"([{"indexName":"projects","params":{"facets":["level"]}}])");
  return 0;
}
