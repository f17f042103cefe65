#include "support/engine_sandbox.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

#include "http/address.h"
#include "pgsluice/json/value.h"

namespace pgsluice::testing {

namespace {

std::atomic<int> next{0};

http::Request Make(std::string method, std::string path) {
  http::Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

}  // namespace

EngineSandbox::EngineSandbox() : prefix_(fmt::format("t{}-{}-", getpid(), next.fetch_add(1))) {
  const char* url = std::getenv("PGSLUICE_ELASTICSEARCH_URL");
  if (url == nullptr) {
    throw std::runtime_error(
        "PGSLUICE_ELASTICSEARCH_URL is not set; eval \"$(scripts/services env)\" sets it");
  }
  url_ = url;
  transport_ = http::MakeClient({.urls = {url_}});
  engine_ = std::make_unique<engine::Engine>(transport_);
}

EngineSandbox::~EngineSandbox() {
  try {
    const json::Value indexes =
        json::Parse(Get("/_cat/indices/" + prefix_ + "*?format=json&h=index"));
    for (const json::Value& index : indexes.items) engine_->DeleteIndex(index.Find("index")->text);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "engine sandbox %s: %s\n", prefix_.c_str(), e.what());
  }
}

std::string EngineSandbox::host() const { return http::ParseAddress(url_).host; }

std::uint16_t EngineSandbox::port() const { return http::ParseAddress(url_).port; }

std::string EngineSandbox::MakeAlias(const std::string& name, const std::string& body) {
  engine_->CreateIndex(Name(name + "-000001"), body);
  engine_->SwapAlias(Name(name), {}, Name(name + "-000001"));
  return Name(name);
}

std::string EngineSandbox::Get(const std::string& path) {
  http::Response response = transport_->Send(Make("GET", path));
  if (response.status != 200) {
    throw std::runtime_error(fmt::format("GET {}: {} {}", path, response.status, response.body));
  }
  return std::move(response.body);
}

}  // namespace pgsluice::testing
