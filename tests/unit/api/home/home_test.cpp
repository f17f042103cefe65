#include "api/home/home.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/json/value.h"

namespace pgsluice::api {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

HttpRequest Get(const std::string& path, const std::string& accept) {
  HttpRequest request;
  request.method = "GET";
  request.path = path;
  request.headers["accept"] = accept;
  return request;
}

TEST(Home, IsAPageForPeopleAndJsonForMachines) {
  const auto page = Home(Get("/", "text/html,application/xhtml+xml,*/*;q=0.8"));
  ASSERT_TRUE(page);
  EXPECT_THAT(page->content_type, HasSubstr("text/html"));
  EXPECT_THAT(page->headers,
              Contains(Pair("Content-Security-Policy", HasSubstr("default-src 'none'"))));
  const auto data = Home(Get("/", "*/*"));
  ASSERT_TRUE(data);
  EXPECT_EQ(json::Parse(data->body).Find("openapi")->text, "/openapi.json");
}

TEST(Home, NamesNoOtherHostAndHasNothingInline) {
  for (const char* path : {"/", "/reference.css", "/reference.js"}) {
    const auto file = Home(Get(path, "text/html"));
    ASSERT_TRUE(file) << path;
    EXPECT_THAT(file->body, Not(HasSubstr("://"))) << path;
    EXPECT_THAT(file->body, Not(HasSubstr("innerHTML"))) << path;
    EXPECT_THAT(file->body, Not(HasSubstr(" style="))) << path;
  }
}

TEST(Home, LeavesOtherRequestsAlone) {
  EXPECT_FALSE(Home(Get("/v1/indexes", "text/html")));
  HttpRequest post = Get("/", "text/html");
  post.method = "POST";
  EXPECT_FALSE(Home(post));
}

}  // namespace
}  // namespace pgsluice::api
