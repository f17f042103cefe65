#include "api/http/transfer.h"

#include <Poco/InflatingStream.h>
#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <sstream>

namespace pgsluice::api {
namespace {

std::string Header(const HttpResponse& response, const std::string& name) {
  for (const auto& [known, value] : response.headers) {
    if (known == name) return value;
  }
  return "";
}

TEST(Transfer, CompressesIfTheCallerAcceptsIt) {
  const std::string text(5000, 'x');
  const auto compress = [&](const std::string& accept) {
    HttpRequest request;
    request.headers["accept-encoding"] = accept;
    HttpResponse response;
    response.body = text;
    Compress(request, response);
    return response;
  };
  for (const char* takes : {"gzip", "br, gzip;q=0.8", "deflate, gzip"}) {
    const HttpResponse response = compress(takes);
    EXPECT_EQ(Header(response, "Content-Encoding"), "gzip") << takes;
    std::istringstream in(response.body);
    Poco::InflatingInputStream inflate(in, Poco::InflatingStreamBuf::STREAM_GZIP);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(inflate), {}), text);
  }
  for (const char* refuses : {"", "br", "gzip;q=0", "gzip;q=0.0, br"}) {
    EXPECT_EQ(compress(refuses).body, text) << refuses;
    EXPECT_EQ(Header(compress(refuses), "Vary"), "Accept-Encoding");
  }
}

TEST(Transfer, KeepsSharedCachesAway) {
  HttpRequest request;
  HttpResponse response;
  response.body = std::string(5000, 'x');
  Compress(request, response);
  AllowOrigin({"https://a.example"}, request, response);
  ForCallerAlone(response);
  EXPECT_EQ(Header(response, "Cache-Control"), "private, no-store");
  EXPECT_EQ(Header(response, "Vary"),
            "Accept-Encoding, Origin, Authorization, X-Api-Key, X-Algolia-Api-Key");
}

TEST(Transfer, CompressesStreamsAsTheyGo) {
  HttpRequest request;
  request.headers["accept-encoding"] = "gzip";
  HttpResponse response;
  std::string sent, text;
  response.stream = [&](const Sink& sink) {
    std::mt19937 random(1);
    for (int i = 0; i < 50; ++i) {
      std::string piece(10000, ' ');
      for (char& c : piece) c = static_cast<char>('a' + random() % 26);
      text += piece;
      sink(piece);
    }
    EXPECT_GT(sent.size(), text.size() / 2);
  };
  Compress(request, response);
  EXPECT_EQ(Header(response, "Content-Encoding"), "gzip");
  response.stream([&](std::string_view piece) { sent += piece; });
  EXPECT_LT(sent.size(), text.size());
  std::istringstream in(sent);
  Poco::InflatingInputStream inflate(in, Poco::InflatingStreamBuf::STREAM_GZIP);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(inflate), {}), text);
}

TEST(Transfer, AllowsListedOriginsOnly) {
  const auto ask = [](const std::vector<std::string>& origins, const std::string& origin) {
    HttpRequest request;
    request.method = "OPTIONS";
    request.headers["origin"] = origin;
    HttpResponse response;
    AllowOrigin(origins, request, response);
    return response;
  };
  const std::vector<std::string> origins = {"https://shop.example"};
  const HttpResponse allowed = ask(origins, "https://shop.example");
  EXPECT_EQ(Header(allowed, "Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(Header(allowed, "Vary"), "Origin");
  EXPECT_EQ(Header(allowed, "Access-Control-Max-Age"), "86400");
  EXPECT_EQ(Header(allowed, "Access-Control-Allow-Credentials"), "");
  for (const char* other : {"https://evil.example", "https://shop.example.evil", "null", ""}) {
    EXPECT_EQ(Header(ask(origins, other), "Access-Control-Allow-Origin"), "") << other;
  }
  EXPECT_TRUE(ask({}, "https://shop.example").headers.empty());
}

}  // namespace
}  // namespace pgsluice::api
