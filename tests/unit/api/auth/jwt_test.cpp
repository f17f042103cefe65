#include "api/auth/jwt.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "pgsluice/base/error.h"
#include "pgsluice/query/problem.h"
#include "unit/api/signed_token.h"
#include "unit/api/tokens.h"

namespace pgsluice::api {
namespace {

class JwtTest : public ::testing::Test {
 protected:
  JwtTest() {
    std::ofstream(file_) << kKeySet;
    jwt_.algorithms = {"RS256", "ES256"};
    jwt_.jwks_file = file_;
    jwt_.issuer = "issuer";
    jwt_.audience = "api";
  }
  ~JwtTest() override { std::filesystem::remove(file_); }

  /// Returns "" if the token is accepted, otherwise the code.
  std::string Refused(const std::string& token, std::int64_t now = 1500) const {
    try {
      TokenVerifier(jwt_).Claims(token, now);
      return "";
    } catch (const query::Problem& problem) {
      EXPECT_EQ(problem.status(), 401);
      return problem.code();
    }
  }

  const std::string file_ = ::testing::TempDir() + "pgsluice_jwks_" + std::to_string(getpid());
  config::Jwt jwt_;
};

const std::string kInvalid = "invalid_credentials";

TEST_F(JwtTest, TakesWhatTheKeysSigned) {
  const json::Value claims = TokenVerifier(jwt_).Claims(kRs256, 1500);
  EXPECT_EQ(claims.Find("tenant_id")->text, "9007199254740993");
  EXPECT_EQ(Refused(kRs256WithoutKid), "");
  EXPECT_EQ(Refused(kEs256), "");
}

TEST_F(JwtTest, RefusesOtherSignatures) {
  EXPECT_EQ(Refused(kRs256OtherKey), kInvalid);
  std::string changed = kRs256;
  changed[changed.size() - 5] = changed[changed.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(Refused(changed), kInvalid);
  changed = kEs256;
  changed[changed.size() - 5] = changed[changed.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(Refused(changed), kInvalid);
  for (const char* garbage : {"", ".", "..", "a.b.c", "e30.e30.", "e30.e30.e30.e30"}) {
    EXPECT_EQ(Refused(garbage), kInvalid) << garbage;
  }
}

TEST_F(JwtTest, RefusesAlgorithmsThatAreNotListed) {
  jwt_.algorithms = {"RS256", "RS512", "ES256", "HS256"};
  EXPECT_EQ(Refused(kNone), kInvalid);
  EXPECT_EQ(Refused(kConfused), kInvalid);  // HS256 with the public key as secret.
  EXPECT_EQ(Refused(kRs512), kInvalid);     // The key is for RS256.
  jwt_.algorithms = {"ES256"};
  EXPECT_EQ(Refused(kRs256), kInvalid);
}

TEST_F(JwtTest, ChecksTimeIssuerAndAudience) {
  EXPECT_EQ(Refused(kRs256, 2025), "");
  EXPECT_EQ(Refused(kRs256, 2031), "expired_credentials");
  EXPECT_EQ(Refused(kRs256, 975), "");
  EXPECT_EQ(Refused(kRs256, 969), kInvalid);
  jwt_.issuer = "somebody";
  EXPECT_EQ(Refused(kRs256), kInvalid);
  jwt_.issuer = "issuer";
  jwt_.audience = "ap";
  EXPECT_EQ(Refused(kRs256), kInvalid);
}

TEST_F(JwtTest, TakesSharedSecrets) {
  jwt_.algorithms = {"HS256"};
  jwt_.jwks_file.clear();
  jwt_.secret = "secret";
  jwt_.require_exp = false;
  const std::string header = R"({"alg":"HS256"})";
  const std::string claims = R"({"iss":"issuer","aud":"api"})";
  EXPECT_EQ(Refused(SignedToken(header, claims, "secret")), "");
  EXPECT_EQ(Refused(SignedToken(header, claims, "other")), kInvalid);
  EXPECT_EQ(Refused(SignedToken(header, R"({"iss":"issuer"})", "secret")), kInvalid);
  EXPECT_EQ(Refused(SignedToken(R"({"alg":"HS256","crit":["x"]})", claims, "secret")), kInvalid);
  EXPECT_EQ(Refused(SignedToken(header, R"({"iss":"issuer","aud":"api","exp":"never"})", "secret")),
            kInvalid);
}

TEST_F(JwtTest, RefusesTokensThatNeverEnd) {
  jwt_ = {{"HS256"}, std::string(32, 's'), "", "", "", "p"};
  const auto token = [&](const std::string& claims) {
    return SignedToken(R"({"alg":"HS256"})", claims, jwt_.secret);
  };
  EXPECT_EQ(Refused(token("{}")), kInvalid);
  EXPECT_EQ(Refused(token(R"({"exp":null})")), kInvalid);
  EXPECT_EQ(Refused(token(R"({"exp":2000})")), "");
  jwt_.require_exp = false;
  EXPECT_EQ(Refused(token("{}")), "");
  EXPECT_EQ(Refused(token(R"({"exp":1})")), "expired_credentials");
}

std::string OctSet(const std::string& kid, const std::string& secret) {
  return R"({"keys":[{"kty":"oct","kid":")" + kid + R"(","k":")" + Base64Url(secret) + R"("}]})";
}

TEST_F(JwtTest, TakesSharedSecretsOfAKeySet) {
  const std::string secret(32, 's');
  std::ofstream(file_) << OctSet("a", secret);
  jwt_ = {{"HS256", "RS256"}, "", file_, "", "", "p"};
  EXPECT_EQ(Refused(SignedToken(R"({"alg":"HS256","kid":"a"})", R"({"exp":2000})", secret)), "");
  EXPECT_EQ(Refused(SignedToken(R"({"alg":"HS256","kid":"b"})", R"({"exp":2000})", secret)),
            kInvalid);
  EXPECT_EQ(Refused(SignedToken(R"({"alg":"RS256","kid":"a"})", R"({"exp":2000})", secret)),
            kInvalid);
  EXPECT_EQ(KeySet(OctSet("a", "short")).size(), 0U);
}

TEST_F(JwtTest, FetchesAKeySetAndItsRotation) {
  const std::string secret(32, 's');
  std::string now = OctSet("a", secret);
  int fetched = 0;
  KeySetUrl keys("http://127.0.0.1/jwks", [&](const std::string&) {
    ++fetched;
    if (now.empty()) throw Error(Disposition::kRetry, "away");
    return now;
  });
  EXPECT_TRUE(keys.Keys("a")->Has("a"));
  EXPECT_TRUE(keys.Keys("a")->Has("a"));
  EXPECT_EQ(fetched, 1);
  // An unknown name is looked up once, however often it is requested.
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(keys.Keys("b")->Has("b"));
  EXPECT_EQ(fetched, 1);
  now.clear();
  KeySetUrl away("http://127.0.0.1/jwks", [&](const std::string&) -> std::string {
    throw Error(Disposition::kRetry, "away");
  });
  EXPECT_EQ(away.Keys("a")->size(), 0U);
  EXPECT_TRUE(keys.Keys("a")->Has("a"));
}

TEST_F(JwtTest, SaysThatTheKeySetCannotBeRead) {
  jwt_.jwks_file = "/nowhere";
  EXPECT_THROW(TokenVerifier{jwt_}, Error);
  EXPECT_THROW(KeySet("{}"), Error);
}

TEST_F(JwtTest, ReadsAChangedKeySet) {
  KeySetFile keys(file_);
  const auto before = keys.Keys("");
  std::ofstream(file_) << R"({"keys":[]})";
  std::filesystem::last_write_time(
      file_, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (keys.Keys("") == before && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_NE(keys.Keys(""), before);
}

}  // namespace
}  // namespace pgsluice::api
