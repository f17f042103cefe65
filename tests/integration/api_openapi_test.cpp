#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>

#include "support/api_fixture.h"
#include "support/paths.h"
#include "support/process.h"

namespace pgsluice::api {
namespace {

class ApiOpenApiTest : public ApiFixture {
 protected:
  static std::optional<std::string> FromEnvironment(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::nullopt : std::optional<std::string>(text);
  }
};

TEST_F(ApiOpenApiTest, IsValidAndDescribesWhatTheCallerSees) {
  const http::Response answer = Send("/openapi.json");
  ASSERT_EQ(answer.status, 200);
  const json::Value document = json::Parse(answer.body);
  EXPECT_NE(document.Find({"paths", "/v1/projects/search", "post"}), nullptr);
  EXPECT_NE(document.Find({"components", "schemas", "ProjectsDocument", "properties", "orders",
                           "items", "properties", "total"}),
            nullptr);
  const auto holds = [&](const char* text) { return answer.body.find(text) != std::string::npos; };
  EXPECT_TRUE(holds(R"("enum":["draft","live","archived",null])"));
  EXPECT_TRUE(holds("facet.status"));
  const std::string build = std::filesystem::path(testing::Binary()).parent_path();
  const std::string file = build + "/openapi.json";
  std::ofstream(file) << answer.body;
  pgsluice::testing::Process validator(
      {testing::SourceFile("/tests/scripts/validate_openapi.sh"), file, build}, {});
  EXPECT_EQ(validator.Wait(std::chrono::seconds(240)), 0) << validator.out() << validator.err();
}

/// PGSLUICE_TEST_SEED repeats a run, PGSLUICE_TEST_EXAMPLES makes it longer.
TEST_F(ApiOpenApiTest, AnswersAsDescribedWhateverIsAsked) {
  const std::string seed = FromEnvironment("PGSLUICE_TEST_SEED")
                               .value_or(std::to_string(std::random_device{}() % 1000000));
  std::cout << "PGSLUICE_TEST_SEED=" << seed << std::endl;
  const std::string build = std::filesystem::path(testing::Binary()).parent_path();
  pgsluice::testing::Process schemathesis(
      {testing::SourceFile("/tests/scripts/schemathesis.sh"),
       "http://127.0.0.1:" + std::to_string(server_->port()), build, seed,
       FromEnvironment("PGSLUICE_TEST_EXAMPLES").value_or("15")},
      {});
  EXPECT_EQ(schemathesis.Wait(std::chrono::seconds(280)), 0)
      << schemathesis.out() << schemathesis.err();
}

TEST_F(ApiOpenApiTest, HidesWhatThePolicyHides) {
  config_.auth.anonymous = "p";
  config_.auth.policies["p"].indexes["projects"].hidden = {"secret", "orders.total"};
  config_.auth.policies["p"].export_allowed = false;
  Restart();
  const std::string body = Send("/openapi.json").body;
  for (const char* text : {"secret", "/export"}) {
    EXPECT_EQ(body.find(text), std::string::npos) << text;
  }
  const json::Value document = json::Parse(body);
  const json::Value* order = document.Find(
      {"components", "schemas", "ProjectsDocument", "properties", "orders", "items", "properties"});
  ASSERT_NE(order, nullptr);
  EXPECT_NE(order->Find("state"), nullptr);
  EXPECT_EQ(order->Find("total"), nullptr);
}

}  // namespace
}  // namespace pgsluice::api
