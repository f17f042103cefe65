#include "http/aws_signature.h"

#include <gmock/gmock.h>

namespace pgsluice::http {
namespace {

TEST(AwsPath, IsSpelledAsItIsSigned) {
  EXPECT_EQ(AwsPath("/a,b*/_search?pretty&filter_path=hits.hits,took"),
            "/a%2Cb%2A/_search?filter_path=hits.hits%2Ctook&pretty=");
  EXPECT_EQ(AwsPath("/a%2Fb/_doc/x%20y"), "/a%2Fb/_doc/x%20y");
  EXPECT_EQ(AwsPath("/"), "/");
}

// The expected signature is botocore's.
TEST(AwsSign, SignsAsBotocoreDoes) {
  const Headers headers =
      AwsSign({"POST", "search.example",
               "/shop-a%2Cb%2A/_search?filter_path=hits.hits%2Ctook&pretty=", R"({"a":1})"},
              {"AKID", "secret", "tok"}, {"eu-west-1", "es"}, "20260102T030405Z");
  EXPECT_EQ(headers.back().second,
            "AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-1/es/aws4_request, "
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
            "Signature=e94afb60d36b5e7430a12369c8be4cb2ad94d51bea7cbf54afd3368db4053d24");
  EXPECT_THAT(headers, ::testing::Contains(::testing::Pair("x-amz-security-token", "tok")));
}

}  // namespace
}  // namespace pgsluice::http
