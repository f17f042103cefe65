#include <gtest/gtest.h>

#include "pgsluice/api/http_server.h"
#include "pgsluice/http/transport.h"

namespace pgsluice::http {
namespace {

/// A server that answers with a body and a header of the given length, and its client.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    server_.Start();
    client_ = MakeClient({.urls = {"http://127.0.0.1:" + std::to_string(server_.port())}});
  }

  static std::string Letters(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
  }

  api::HttpResponse Answer(const api::HttpRequest& request) const {
    api::HttpResponse response;
    response.body = body_;
    if (request.refusal) response.status = request.refusal->status;
    response.headers.emplace_back("X-Half", std::string(padding_ / 2, 'x'));
    response.headers.emplace_back("X-Rest", std::string(padding_ - padding_ / 2, 'x'));
    return response;
  }

  std::string body_;
  std::size_t padding_ = 0;
  api::HttpServer server_{
      {"127.0.0.1", 0}, std::nullopt, {.body = 1000}, [this](const api::HttpRequest& request) {
        return Answer(request);
      }};
  std::unique_ptr<Transport> client_;
};

TEST_F(ClientTest, AnswersOfAnySizeArriveWhole) {
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 16384U, 16385U, 65536U, 1U << 22U}) {
    body_ = Letters(size);
    EXPECT_TRUE(client_->Send({.path = "/"}).body == body_) << size;
  }
}

// Heads are read in pieces of 16 KiB, and the body may begin anywhere in one.
TEST_F(ClientTest, HeadsOfAnySizeAreSetApartFromBodies) {
  body_ = Letters(9000);
  for (padding_ = 16100; padding_ < 16420; ++padding_) {
    ASSERT_TRUE(client_->Send({.path = "/"}).body == body_) << padding_;
  }
}

// A server that refuses a body answers and closes while the body is still being sent.
TEST_F(ClientTest, AnAnswerThatComesBeforeTheBodyIsSentIsSeen) {
  for (int i = 0; i < 30; ++i) {
    const Response answer =
        client_->Send({.method = "POST", .path = "/", .body = std::string(1U << 24U, 'x')});
    ASSERT_EQ(answer.status, 413) << i;
    EXPECT_EQ(client_->Send({.path = "/"}).status, 200) << i;
  }
}

}  // namespace
}  // namespace pgsluice::http
