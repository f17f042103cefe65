#include "api/auth/jwt.h"
#include "fuzz/fuzz.h"
#include "pgsluice/query/problem.h"
#include "unit/api/signed_token.h"

/// Uses the bytes as a token, and as claims under a valid signature.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgsluice;
  static const api::TokenVerifier verifier(
      config::Jwt{{"HS256"}, "secret", "", "", "api", "member", "", false});
  const std::string text(fuzz::Text(data, size));
  for (const std::string& token : {text, api::SignedToken(R"({"alg":"HS256"})", text, "secret"),
                                   api::SignedToken(text, R"({"aud":"api"})", "secret")}) {
    try {
      const json::Value claims = verifier.Claims(token, 1700000000);
      fuzz::Require(token != text && claims.IsObject(), "taken", token);
    } catch (const query::Problem& problem) {
      fuzz::Require(problem.status() == 401, problem.what(), token);
    }
  }
  return 0;
}
