#include <spdlog/fmt/fmt.h>

#include <cstdlib>

#include "engine/answer.h"
#include "pgsluice/base/error.h"
#include "pgsluice/engine/engine.h"

namespace pgsluice::engine {

namespace {

constexpr const char* kWhat = "cannot recognise the search engine";

http::Request Get(std::string path) {
  http::Request request;
  request.path = std::move(path);
  return request;
}

bool FromRoot(Engine& engine, Flavor& flavor) {
  const http::Response response = engine.Send(Get("/"));
  // Builds without the root handler answer 400 or 405.
  if (response.status == 400 || response.status == 404 || response.status == 405) return false;
  Require(response, kWhat);
  json::Value answer;
  try {
    answer = json::Parse(response.body);
  } catch (const Error&) {  // Some page: perhaps only of the root.
    return false;
  }
  const json::Value* number = answer.Find({"version", "number"});
  if (number == nullptr) return false;
  const json::Value* distribution = answer.Find({"version", "distribution"});
  flavor.opensearch = distribution != nullptr && distribution->text == "opensearch";
  flavor.version = number->text;
  return true;
}

void FromNodes(Engine& engine, Flavor& flavor) {
  const http::Response response = engine.Send(Get("/_nodes/_local?filter_path=nodes.*.version"));
  json::Value answer;
  try {
    Require(response, kWhat);
    answer = json::Parse(response.body);
  } catch (
      const Error& error) {  // Unwell or not ours to use is one thing, another service another.
    if (error.disposition() != Disposition::kReject) throw;
  }
  const json::Value* nodes = answer.Find("nodes");
  const json::Value* version = nodes == nullptr || nodes->members.empty()
                                   ? nullptr
                                   : nodes->members.front().second.Find("version");
  if (version == nullptr) {
    throw Error(Disposition::kFatal, std::string(kWhat) + ": neither Elasticsearch nor OpenSearch",
                "check elasticsearch.urls");
  }
  flavor.opensearch = Header(response, "X-elastic-product").empty();
  flavor.version = version->text;
}

bool Analyzes(Engine& engine, std::string_view body) {
  http::Request request = Get("/_analyze");
  request.method = "POST";
  request.body = body;
  return engine.Send(request).status == 200;
}

void RequireSupported(const Flavor& flavor) {
  const int major = std::atoi(flavor.version.c_str());
  if (major >= (flavor.opensearch ? 2 : 8)) return;
  throw Error(Disposition::kFatal, fmt::format("{} is too old", flavor.Name()),
              "pgsluice works with Elasticsearch 8 and 9, and with OpenSearch 2 and 3");
}

}  // namespace

std::string Flavor::Name() const {
  return (opensearch ? "OpenSearch " : "Elasticsearch ") + version;
}

const Flavor& Engine::Detect() {
  const base::MutexLock lock(detect_);
  if (flavor_) return *flavor_;
  Flavor flavor;
  if (!FromRoot(*this, flavor)) FromNodes(*this, flavor);
  RequireSupported(flavor);
  flavor.has_analysis =
      Analyzes(*this, R"({"tokenizer":"standard","filter":["asciifolding"],"text":"é"})") &&
      Analyzes(*this, R"({"analyzer":"english","text":"foxes"})");
  flavor_ = std::make_shared<const Flavor>(std::move(flavor));
  return *flavor_;
}

}  // namespace pgsluice::engine
